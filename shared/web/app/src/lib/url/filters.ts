// The filters of a list, in the grammar of the API: filters[state][IN]=FAILED,KILLED, filters[labels][EQUALS][team]=data.

/** One condition, as a chip shows it. */
export interface Filter {
  field: string;
  op: string;
  /** The key of a label. Absent for other fields. */
  key?: string;
  value: string;
}

const NAME = /^filters\[([^\]]*)\]\[([^\]]*)\](?:\[(.*)\])?$/;

/** The filters of a query, in their order. */
export function read(params: URLSearchParams): Filter[] {
  const found: Filter[] = [];
  for (const [name, value] of params) {
    const [, field, op, key] = NAME.exec(name) ?? [];
    if (field && op) found.push({ field, op, value, ...(key !== undefined && { key }) });
  }
  return found;
}

export function name({ field, op, key }: Filter): string {
  return `filters[${field}][${op}]${key === undefined ? '' : `[${key}]`}`;
}

/** Puts a filter in place of those with the same field, operator and key. */
export function set(params: URLSearchParams, filter: Filter): void {
  if (filter.value === '') params.delete(name(filter));
  else params.set(name(filter), filter.value);
  params.delete('page');
}

/** Takes exactly this filter out. */
export function drop(params: URLSearchParams, filter: Filter): void {
  params.delete(name(filter), filter.value);
  params.delete('page');
}

/** Takes all filters out. */
export function clear(params: URLSearchParams): void {
  for (const filter of read(params)) params.delete(name(filter));
  params.delete('page');
}

/** The words of a chip. */
export function words({ field, op, key, value }: Filter): string {
  const subject = key === undefined ? (FIELDS[field] ?? field) : `label ${key}`;
  return `${subject} ${OPS[op] ?? op.toLowerCase().replaceAll('_', ' ')} ${value.replaceAll(',', ', ')}`;
}

const FIELDS: Record<string, string> = {
  q: 'text',
  flowId: 'flow',
  taskId: 'task',
  startDate: 'start',
  endDate: 'end',
};
const OPS: Record<string, string> = {
  EQUALS: 'is',
  NOT_EQUALS: 'is not',
  IN: 'is',
  NOT_IN: 'is not',
  PREFIX: 'is or is below',
  CONTAINS: 'contains',
  GREATER_THAN_OR_EQUAL_TO: 'from',
  LESS_THAN_OR_EQUAL_TO: 'until',
  LESS_THAN: 'before',
  REGEX: 'matches',
};

/** The part of a query that the API understands: filters, order and page. */
export function request(params: URLSearchParams, fixed: Filter[] = []): URLSearchParams {
  const query = new URLSearchParams();
  for (const filter of [...fixed, ...read(params)]) query.append(name(filter), filter.value);
  for (const known of ['sort', 'page', 'size']) {
    const value = params.get(known);
    if (value) query.set(known, value);
  }
  if (!query.has('size')) query.set('size', '50');
  return query;
}
