"use strict";
/*
 * Makes the Node half of a CDK for Terraform program in Java smaller and faster.
 *
 * Java talks to CDKTF through a Node process that jsii starts: `node …/bin/jsii-runtime.js`. That
 * process cannot be configured from Java, but it reads NODE_OPTIONS:
 *
 *   NODE_OPTIONS="--preserve-symlinks --max-semi-space-size=1 --require /path/to/jsii-preload.js"
 *
 * Set it for the Java process only, not for the shell: every Node program would obey it.
 *
 * Each of the four parts below changes one file as Node loads it. Each looks for an exact piece of
 * text first; where a new version of jsii or CDKTF no longer has it, that part does nothing and the
 * file runs as it is: slower, never wrong. All are independent of each other.
 */
const fs = require("fs");
const Module = require("module");
const path = require("path");

// Node 22 and newer would tell the user which calls in jsii and CDKTF are deprecated.
process.noDeprecation = true;

const load = Module._extensions[".js"];

Module._extensions[".js"] = function (module, file) {
  if (/[\\/]bin[\\/]jsii-runtime\.js$/.test(file) && runWithoutWrapper(file)) return;
  if (/[\\/]@cdktf[\\/]provider-[^\\/]+[\\/]lib[\\/]index\.js$/.test(file)) {
    module._compile(withLazyExports(fs.readFileSync(file, "utf8")), file);
    return;
  }
  load(module, file);
  if (/[\\/]cdktf[\\/]lib[\\/]tokens[\\/]private[\\/]stack-trace\.js$/.test(file)) withoutStackTraces(module.exports);
};

/*
 * 1. One Node process instead of two.
 *
 * bin/jsii-runtime.js only starts a second Node with lib/program.js and copies bytes: its own stdin
 * and stdout to the child's file descriptor 3, the child's output to its own stderr as JSON lines.
 * Every call from Java crosses that copy twice. Here program.js runs in the first process, reading
 * requests from 0 and writing answers to 1. It does so with blocking reads and writes, so:
 *
 * - process.stdin/stdout/stderr must not be opened: Node would make the pipes non-blocking, and
 *   program.js would spin or fail on EAGAIN. Output goes to streams that write the JSON lines the
 *   wrapper would have written. (A console.log would otherwise land among the answers.) Input is
 *   empty, as it is for the wrapper's child. Node 18 opens standard input by itself: it reads every
 *   property of `process` when a module requires "process".
 * - program.js asks process.execArgv whether symbolic links are preserved. NODE_OPTIONS does not
 *   appear there, and without it jsii hard-links each file of each package: 1,800 folders for AWS.
 */
function runWithoutWrapper(wrapper) {
  const program = path.join(path.dirname(wrapper), "..", "lib", "program.js");
  const preserved = /(^|\s)--preserve-symlinks(\s|$)/.test(`${process.execArgv.join(" ")} ${process.env.NODE_OPTIONS || ""}`);
  if (process.platform === "win32" || !preserved || !fs.existsSync(program)) return false;

  const original = fs.readFileSync(program, "utf8");
  const direct = original.replace("readFD:3,writeFD:3", "readFD:0,writeFD:1");
  if (direct === original) return false;

  if (!process.execArgv.includes("--preserve-symlinks")) process.execArgv.push("--preserve-symlinks");
  for (const [name, fd] of [["stdout", 1], ["stderr", 2]]) {
    replace(name, framed(name, fd));
  }
  replace("stdin", empty());
  const main = new Module(program, null);
  main.filename = program;
  main.paths = Module._nodeModulePaths(path.dirname(program));
  main._compile(direct, program);
  return true;
}

function replace(name, stream) {
  Object.defineProperty(process, name, { configurable: true, enumerable: true, value: stream });
}

function empty() {
  const { Readable } = require("stream");
  return Object.assign(new Readable({ read() { this.push(null); } }), { fd: 0 });
}

function framed(name, fd) {
  const { Writable } = require("stream");
  const stream = new Writable({
    write(chunk, _encoding, done) {
      fs.writeSync(2, JSON.stringify({ [name]: chunk.toString("base64") }) + "\n");
      done();
    },
  });
  return Object.assign(stream, { fd });
}

/*
 * 2. Load only the resources that are used.
 *
 * The index of a provider package requires every resource: 1,800 modules, 2 s and 450 MB for AWS.
 * A getter requires the module at its first use instead.
 */
function withLazyExports(index) {
  return index.replace(
    /^exports\.(\w+) = require\(("[^"\n]+"|'[^'\n]+')\);$/gm,
    (_, name, target) =>
      `Object.defineProperty(exports, "${name}", { enumerable: true, configurable: true, get() { return require(${target}); } });`,
  );
}

/*
 * 3. No stack traces per construct.
 *
 * CDKTF records one for each token and each nested block, for its error messages. From Java they
 * hold nothing but jsii's own frames. Half a second for 4,000 resources.
 */
function withoutStackTraces(stackTrace) {
  if (typeof stackTrace.captureStackTrace === "function") stackTrace.captureStackTrace = () => [];
}

/*
 * 4. Read type definitions one by one.
 *
 * jsii keeps the definitions of a package's types in one file (40 MB for AWS), reads all of it into
 * memory and decodes the few byte ranges it wants with toString(encoding, start, end). This gives
 * it an object that reads such a range when asked.
 */
const readFileSync = fs.readFileSync;
fs.readFileSync = function (file, ...options) {
  if (options.length > 0 || typeof file !== "string" || !/[\\/]\.jsii\.runtime-defs\.v1\.jsonl$/.test(file)) {
    return readFileSync.call(fs, file, ...options);
  }
  const fd = fs.openSync(file, "r");
  return {
    toString(encoding, start, end) {
      const range = Buffer.alloc(end - start);
      fs.readSync(fd, range, 0, range.length, start);
      return range.toString(encoding);
    },
  };
};
