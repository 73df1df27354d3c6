// The query of the list of keys, from the filters of the address.
import { read } from '../../lib/url/filters';

/** The filters `q` and `namespace` as parameters of the API, with order and page. */
export function request(params: URLSearchParams): URLSearchParams {
  const query = new URLSearchParams();
  for (const { field, value } of read(params)) {
    if (field === 'q' || field === 'namespace') query.set(field, value);
  }
  for (const known of ['sort', 'page', 'size']) {
    const value = params.get(known);
    if (value) query.set(known, value);
  }
  if (!query.has('sort')) query.set('sort', 'namespace:asc');
  if (!query.has('size')) query.set('size', '50');
  return query;
}
