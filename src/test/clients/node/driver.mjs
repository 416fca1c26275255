// Writes through what `rediform client` printed until the stop file is there: see ../python/driver.py.
// usage: REDIS_PASSWORD=… node driver.mjs LIBRARY SNIPPET STOP
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const PAUSE = 10;
const [library, file, stop] = process.argv.slice(2);
const snippet = await import(pathToFileURL(file));

const roleOf = info => /^role:(\w+)/m.exec(info)[1];

const ways = {
  ioredis: [
    (key, value) => snippet.master.set(key, value),
    async () => (await snippet.replica.call('ROLE'))[0],
  ],
  'node-redis': [
    (key, value) => snippet.redis.set(key, value),
    // Only what is known to read goes to a replica; ROLE is not.
    async () => roleOf(await snippet.redis.evalRo("return redis.call('info', 'replication')", { keys: ['any'] })),
  ],
};
const [write, read] = ways[library];

for (let number = 1; !existsSync(stop); number++) {
  const key = `client:${library}:${number}`;
  try {
    const answer = await write(key, String(number));
    console.log(answer === 'OK' ? `ok ${key}` : `failed ${answer}`);
  } catch (problem) {
    console.log(`failed ${problem.name} ${problem.message.split('\n')[0]}`);
  }
  await pause(PAUSE);
}
console.log(`read ${await read()}`);
process.exit(0);
