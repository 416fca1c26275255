"use strict";
/*
 * Keeps the CDKTF CLI from printing a stack trace about Node at each run.
 *
 * The CLI calls Node below 20.9 unsupported, which Debian 12 and Ubuntu 24.04 have, and goes on. It
 * prints that as an error whose text got lost on the way. What rediform uses of it works with Node
 * 18 (StockDebianIT). Every other error is printed as before.
 */
const print = console.error;

console.error = (...words) => {
  const [error] = words;
  if (error instanceof Error && /Node\.js version "18\.[^"]*" is not supported/.test(error.message)) return;
  print.apply(console, words);
};
