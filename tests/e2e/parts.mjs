// Loads a package from the folder of the test parts: load('jose').
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';

const require = createRequire(process.env.WATCHWORD_PARTS + '/');
export const load = (name) => require(name);
export const given = async () => JSON.parse(await text(process.stdin));
export const answer = (value) => console.log(JSON.stringify(value));
