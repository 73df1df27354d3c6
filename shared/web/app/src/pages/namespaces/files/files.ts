// The files of a namespace, as the API has them. A path has no slash at its beginning and at its end.
import { BASE, get, getText, path, post, put, remove } from '../../../lib/api/client';
import type { NamespaceFile } from '../../../lib/api/types';

export interface Entry {
  path: string;
  name: string;
  isDirectory: boolean;
  size: number;
}

/** A file that is edited: its text, and the date that the server gave for it. */
export interface OpenFile {
  path: string;
  text: string;
  lastModified: number;
}

/** The largest file that is edited in the browser, in bytes. */
export const MOST = 2_000_000;

/** Joins the path of a directory, empty for the root, with a name. */
export function join(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

/** The directory of a path. Empty for the root. */
export function directoryOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : '';
}

/** A path as a person typed it, without slashes at its ends. */
export function clean(typed: string): string {
  return typed.trim().replaceAll(/^\/+|\/+$/g, '');
}

/** What is wrong with a path that a person typed. Empty if nothing is. */
export function problem(typed: string): string {
  const parts = clean(typed).split('/');
  if (parts[0] === '') return 'Write a name.';
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    return 'A path has no empty part, and neither . nor .. in it.';
  return '';
}

const of = (file: string, more: Record<string, string> = {}): URLSearchParams =>
  new URLSearchParams({ path: `/${file}`, ...more });

/** The entries of a directory, directories first. */
export async function list(namespace: string, directory: string, signal: AbortSignal): Promise<Entry[]> {
  const address = path`/namespaces/${namespace}/files/directory`;
  const found = await get<NamespaceFile[]>(address, { query: of(directory), signal });
  return found.map(({ fileName, type, size }) => ({
    path: join(directory, fileName),
    name: fileName,
    isDirectory: type === 'Directory',
    size,
  }));
}

/** Opens a file. The text is undefined if the file is too large or is no text. */
export async function read(
  namespace: string,
  file: string,
  signal?: AbortSignal,
): Promise<{ stats: NamespaceFile; open: OpenFile | undefined }> {
  const stats = await get<NamespaceFile>(path`/namespaces/${namespace}/files/stats`, {
    query: of(file),
    signal,
  });
  if (stats.size > MOST) return { stats, open: undefined };
  const text = await getText(path`/namespaces/${namespace}/files`, { query: of(file), signal });
  // A text has no zero byte, and every byte of it is valid UTF-8.
  const isText = !text.includes('\0') && !text.includes('\ufffd');
  const open = isText ? { path: file, text, lastModified: stats.lastModifiedTime } : undefined;
  return { stats, open };
}

/** Saves a text, unless the file has changed since `lastModified`. 0: unless there is such a file. */
export async function save(namespace: string, { path: file, text, lastModified }: OpenFile): Promise<void> {
  await upload(namespace, file, new Blob([text]), { lastModified: String(lastModified) });
}

/** Writes a file. */
export async function upload(
  namespace: string,
  file: string,
  content: Blob,
  more: Record<string, string> = {},
): Promise<void> {
  const form = new FormData();
  form.append('fileContent', content, file.split('/').at(-1) ?? file);
  await post(path`/namespaces/${namespace}/files`, form, { query: of(file, more) });
}

/** Unpacks a zip into the root of the namespace. */
export async function unpack(namespace: string, zip: File): Promise<void> {
  const form = new FormData();
  form.append('fileContent', zip, zip.name);
  await post(path`/namespaces/${namespace}/files`, form, { query: of('') });
}

export async function makeDirectory(namespace: string, directory: string): Promise<void> {
  await post(path`/namespaces/${namespace}/files/directory`, undefined, { query: of(directory) });
}

/** Moves a file or directory to a path that is free. */
export async function move(namespace: string, from: string, to: string): Promise<void> {
  const query = new URLSearchParams({ from: `/${from}`, to: `/${to}` });
  await put(path`/namespaces/${namespace}/files`, undefined, { query });
}

export async function drop(namespace: string, file: string): Promise<void> {
  await remove(path`/namespaces/${namespace}/files`, { query: of(file) });
}

/** Where a file is downloaded from. */
export function download(namespace: string, file: string): string {
  return `${BASE}${path`/namespaces/${namespace}/files`}?${of(file)}`;
}

/** Where all files and flows of a namespace are downloaded from, as a zip. */
export function exported(namespace: string): string {
  return `${BASE}${path`/namespaces/${namespace}/files/export`}`;
}
