// The one client of the API. Requests go to this origin only, with the browser's own credentials.
import { begin, take } from './early';
import { parseExact } from './json';
import type { ApiError, Problem } from './types';

/** The base of all addresses of the API. */
export const BASE = '/api/v1/main';

/** Why a request did not succeed, in the words of the server. */
export class Refusal extends Error {
  constructor(
    /** The status of the answer. 0 if there was no answer. */
    readonly status: number,
    message: string,
    /** Each problem by itself, if the server lists several. */
    readonly problems: Problem[] = [],
  ) {
    super(message);
    this.name = 'Refusal';
  }
}

/** A path with its parts encoded: path`/flows/${namespace}/${id}`. */
export function path(parts: TemplateStringsArray, ...values: string[]): string {
  return parts.reduce((whole, part, at) => whole + encodeURIComponent(values[at - 1] ?? '') + part);
}

export interface Options {
  /** The query. Values that are undefined or empty are left out. */
  query?: URLSearchParams | undefined;
  /** Ends the request. */
  signal?: AbortSignal | undefined;
  /** The revision that is changed. The server refuses with 409 if another one is the latest. */
  ifRevision?: number | undefined;
  /** Further headers. */
  headers?: Record<string, string>;
}

/** Asks for JSON. Numbers that JavaScript cannot hold exactly stay exact: see `json.ts`. */
export async function get<T>(address: string, options: Options = {}): Promise<T> {
  return read<T>(await send('GET', address, options));
}

/** Posts a form or a JSON value, and reads the JSON of the answer. */
export async function post<T>(address: string, body: unknown, options: Options = {}): Promise<T> {
  return read<T>(await send('POST', address, options, body));
}

/** Posts a text, and reads the JSON of the answer. */
export async function postText<T>(address: string, text: string, options: Options = {}): Promise<T> {
  return read<T>(await send('POST', address, options, new Blob([text], { type: 'text/plain' })));
}

/** Posts YAML, and reads the JSON of the answer. */
export async function postYaml<T>(address: string, source: string, options: Options = {}): Promise<T> {
  return read<T>(await send('POST', address, options, new Blob([source], { type: 'application/x-yaml' })));
}

/** Puts YAML in place of what is there, and reads the JSON of the answer. */
export async function putYaml<T>(address: string, source: string, options: Options = {}): Promise<T> {
  return read<T>(await send('PUT', address, options, new Blob([source], { type: 'application/x-yaml' })));
}

/** Puts JSON in place of what is there, and reads the JSON of the answer. */
export async function put<T>(address: string, body: unknown, options: Options = {}): Promise<T> {
  return read<T>(await send('PUT', address, options, body));
}

/** Puts a text with its own headers, without an answer to read. */
export async function putText(
  address: string,
  text: string,
  headers: Record<string, string> = {},
): Promise<void> {
  await send('PUT', address, { headers }, new Blob([text], { type: 'text/plain' }));
}

/** Asks for a text, such as the content of a file. */
export async function getText(address: string, options: Options = {}): Promise<string> {
  return (await send('GET', address, options)).text();
}

/** Deletes, without an answer to read. */
export async function remove(address: string, options: Options = {}, body?: unknown): Promise<void> {
  await send('DELETE', address, options, body);
}

/** Deletes or stops what the body lists, and reads the JSON of the answer. */
export async function removeAll<T>(address: string, body: unknown, options: Options = {}): Promise<T> {
  return read<T>(await send('DELETE', address, options, body));
}

/** Opens an answer that is read while it comes. */
export async function open(address: string, options: Options = {}): Promise<ReadableStream<Uint8Array>> {
  const answer = await send('GET', address, options);
  if (!answer.body) throw new Refusal(answer.status, 'The server answered without a body.');
  return answer.body;
}

/** Saves an answer as a file. The body is posted; without a body the answer is asked for. */
export async function download(
  address: string,
  file: string,
  body?: unknown,
  options: Options = {},
): Promise<void> {
  const answer = await send(body === undefined ? 'GET' : 'POST', address, options, body);
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = file;
  link.click();
  URL.revokeObjectURL(url);
}

/** What every request has. A proxy that signs users in then answers 401 instead of leading to its page. */
export const HEADERS: Readonly<Record<string, string>> = { 'X-Requested-With': 'XMLHttpRequest' };

/** The whole address of a request. */
export function addressOf(address: string, query?: URLSearchParams): string {
  const text = query?.toString();
  return `${BASE}${address}${text ? `?${text}` : ''}`;
}

/** Sends a request that a page is about to send with `get`. */
export function prepare(address: string, query: URLSearchParams): void {
  begin(addressOf(address, query), { credentials: 'same-origin', headers: { ...HEADERS } });
}

async function send(method: string, address: string, options: Options, body?: unknown): Promise<Response> {
  // A form and a blob have their own type of content.
  const isTyped = body instanceof FormData || body instanceof Blob;
  let answer: Response;
  try {
    const whole = addressOf(address, options.query);
    const early = method === 'GET' && !options.headers ? take(whole) : undefined;
    answer = await (early ??
      fetch(whole, {
        method,
        credentials: 'same-origin',
        headers: {
          ...HEADERS,
          ...options.headers,
          ...(body !== undefined && !isTyped && { 'Content-Type': 'application/json' }),
          ...(options.ifRevision !== undefined && { 'If-Match': `"${options.ifRevision}"` }),
        },
        ...(body !== undefined && { body: isTyped ? body : JSON.stringify(body) }),
        ...(options.signal && { signal: options.signal }),
      }));
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Refusal(0, 'The server does not answer.');
  }
  if (!answer.ok) throw refusalOf(answer.status, await answer.text());
  return answer;
}

async function read<T>(answer: Response): Promise<T> {
  return readBody<T>(await answer.text());
}

/** The JSON of a body. */
export function readBody<T>(text: string): T {
  // The types come from the description that the server is tested against. An answer without a body has no type.
  return (text === '' ? undefined : parseExact(text)) as T;
}

/** Why the server refused, from its status and body. */
export function refusalOf(status: number, text: string): Refusal {
  try {
    const error = JSON.parse(text) as ApiError;
    return new Refusal(status, error.message, error._embedded.errors);
  } catch {
    return new Refusal(status, text || `The server answered ${status}.`);
  }
}
