// Copies the built pages to shared/web/dist, each with its Brotli and gzip forms, and prints their sizes.
// A file that has not changed is not written, so Cargo compiles nothing again.
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const from = join(import.meta.dirname, '../build');
const to = join(import.meta.dirname, '../../dist');

/** @type {Map<string, Buffer>} */
const files = new Map();
for (const name of readdirSync(from, { recursive: true, encoding: 'utf8' })) {
  if (!statSync(join(from, name)).isFile()) continue;
  const content = readFileSync(join(from, name));
  files.set(name, content);
  const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  files.set(`${name}.br`, brotliCompressSync(content, { params: quality }));
  files.set(`${name}.gz`, gzipSync(content, { level: 9 }));
}

for (const name of readdirSync(to, { recursive: true, encoding: 'utf8' })) {
  const path = join(to, name);
  if (name !== '.gitignore' && statSync(path).isFile() && !files.has(name)) rmSync(path);
}

let packed = 0;
for (const [name, content] of files) {
  const path = join(to, name);
  mkdirSync(dirname(path), { recursive: true });
  const old = statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path) : undefined;
  if (!old?.equals(content)) writeFileSync(path, content);
  if (name.endsWith('.br') || name.endsWith('.gz')) packed += content.length;
}
const kib = (/** @type {number} */ bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
for (const [name, content] of files) {
  if (name.endsWith('.js') && !name.includes('theme'))
    console.log(`${name}: ${kib(files.get(`${name}.gz`)?.length ?? content.length)} gzip`);
}
console.log(`all in the program, Brotli and gzip: ${kib(packed)}`);
