// What a typed text is as a value of the KV store: its type, and the body that makes the server store that type.
import type { KvType } from '../../lib/api/types';

export interface Recognised {
  kind: KvType;
  /** The body of the request. A text is a JSON string, everything else is sent as it was typed. */
  body: string;
  /** Why the text is stored as a text although it begins like JSON. Empty otherwise. */
  problem: string;
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/;
const DURATION = /^P(?!$)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/;

/** Recognises a value by its text, as the server does. `isText` stores every value as a text. */
export function recognise(text: string, isText = false): Recognised {
  const trimmed = text.trim();
  if (isText) return { kind: 'STRING', body: JSON.stringify(text), problem: '' };
  if (DATE.test(trimmed)) return { kind: 'DATE', body: trimmed, problem: '' };
  if (INSTANT.test(trimmed)) return { kind: 'DATETIME', body: trimmed, problem: '' };
  if (DURATION.test(trimmed)) return { kind: 'DURATION', body: trimmed, problem: '' };
  try {
    return { kind: kindOf(JSON.parse(trimmed)), body: trimmed, problem: '' };
  } catch (error) {
    const problem = /^[[{]/.test(trimmed) ? `This is not valid JSON: ${(error as Error).message}` : '';
    return { kind: 'STRING', body: JSON.stringify(text), problem };
  }
}

function kindOf(value: unknown): KvType {
  if (typeof value === 'boolean') return 'BOOLEAN';
  if (typeof value === 'number') return 'NUMBER';
  if (typeof value === 'string') return DURATION.test(value) ? 'DURATION' : 'STRING';
  return 'JSON';
}

/** Who a key of a Google service account is for. Such a key belongs into the secrets. */
export interface ServiceAccount {
  email: string;
  project: string;
  keyId: string;
}

/** The service account of a text, if the text is the key of one. */
export function serviceAccount(text: string): ServiceAccount | undefined {
  if (!text.includes('service_account')) return undefined;
  try {
    const value = JSON.parse(text) as Record<string, unknown> | null;
    if (value?.['type'] !== 'service_account') return undefined;
    const field = (name: string): string => (typeof value[name] === 'string' ? value[name] : '');
    return { email: field('client_email'), project: field('project_id'), keyId: field('private_key_id') };
  } catch {
    return undefined;
  }
}

/** A text as the value of a header: its bytes in UTF-8, on one line. */
export function header(text: string): string {
  const bytes = new TextEncoder().encode(text.trim().replaceAll(/\s+/g, ' '));
  return String.fromCharCode(...bytes);
}

/** The expression that reads a key. */
export function expression(key: string): string {
  return `{{ kv('${key}') }}`;
}
