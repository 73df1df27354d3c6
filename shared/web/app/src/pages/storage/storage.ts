// Buckets and objects, as the API has them.
import { BASE, get, path, post, remove } from '../../lib/api/client';
import type { BucketObject, BucketObjects, BucketTotal } from '../../lib/api/types';

/** The number of objects and prefixes on a page. */
export const PAGE = 100;

const of = (key: string): URLSearchParams => new URLSearchParams({ key });

/** A page of what is below a prefix. `from` is `next` of the page before. */
export function objects(
  bucket: string,
  prefix: string,
  from: string,
  signal: AbortSignal,
): Promise<BucketObjects> {
  const query = new URLSearchParams({ size: String(PAGE) });
  if (prefix) query.set('prefix', prefix);
  if (from) query.set('from', from);
  return get<BucketObjects>(path`/storage/buckets/${bucket}/objects`, { query, signal });
}

export function total(bucket: string, prefix: string): Promise<BucketTotal> {
  const query = new URLSearchParams(prefix && { prefix });
  return get<BucketTotal>(path`/storage/buckets/${bucket}/total`, { query });
}

/** Writes an object, and replaces one with this key. */
export async function upload(bucket: string, key: string, file: File): Promise<BucketObject> {
  const form = new FormData();
  form.append('fileContent', file, file.name);
  return post<BucketObject>(path`/storage/buckets/${bucket}/object`, form, { query: of(key) });
}

export async function drop(bucket: string, key: string): Promise<void> {
  await remove(path`/storage/buckets/${bucket}/object`, { query: of(key) });
}

/** Where an object is downloaded from. */
export function download(bucket: string, key: string): string {
  return `${BASE}${path`/storage/buckets/${bucket}/object`}?${of(key)}`;
}

/** The folder that is shown for a prefix: everything up to its last slash. */
export function folderOf(prefix: string): string {
  return prefix.slice(0, prefix.lastIndexOf('/') + 1);
}

/** The prefixes from the bucket down to a folder, each with its own name. */
export function steps(folder: string): { name: string; prefix: string }[] {
  const parts = folder.split('/').slice(0, -1);
  return parts.map((name, at) => ({ name, prefix: `${parts.slice(0, at + 1).join('/')}/` }));
}
