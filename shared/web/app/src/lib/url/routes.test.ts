import { describe, expect, it } from 'vitest';
import { href, read, type Route } from './routes';

describe('addresses of pages', () => {
  it('reads what it writes', () => {
    const routes: Exclude<Route, { page: 'missing' }>[] = [
      { page: 'flows' },
      { page: 'executions' },
      { page: 'flow', namespace: 'a.b', id: 'f', tab: 'edit' },
      { page: 'execution', namespace: 'a.b', flowId: 'f/ü %', id: 'X1', tab: 'logs' },
      { page: 'namespaces' },
      { page: 'namespace', namespace: 'a.b', tab: 'files' },
      { page: 'kv' },
      { page: 'dashboard' },
      { page: 'board', id: 'a b' },
      { page: 'board-edit', id: 'a' },
      { page: 'board-new' },
      { page: 'secrets' },
      { page: 'types' },
      { page: 'type', type: 'io.kestra.plugin.core.log.Log' },
      { page: 'blueprints' },
      { page: 'blueprint', id: 'etl' },
    ];
    for (const route of routes) expect(read(href(route))).toEqual(route);
  });

  it('understands addresses with and without the tenant, and older names of tabs', () => {
    const flow = { page: 'flow', namespace: 'a.b', id: 'f', tab: 'edit' };
    expect(read('/ui/flows/edit/a.b/f/editor')).toEqual(flow);
    expect(read('/ui/main/flows/edit/a.b/f/source/')).toEqual(flow);
    expect(read('/ui/')).toEqual({ page: 'flows' });
    expect(read('/ui/main')).toEqual({ page: 'flows' });
    expect(read('/ui/main/executions/a.b/f/ID/gantt')).toMatchObject({
      page: 'execution',
      id: 'ID',
      tab: 'gantt',
    });
    expect(read('/ui/executions/a.b/f/ID')).toMatchObject({ tab: 'gantt' });
    expect(read('/ui/executions/a.b/f/ID/nonsense')).toMatchObject({ tab: 'overview' });
  });

  it('says which pages do not exist', () => {
    for (const path of [
      '/ui/none',
      '/ui/dashboards/a/b',
      '/ui/main/flows/x',
      '/ui/flows/edit/a',
      '/ui/executions/a/b',
      '/ui/executions/a/b/c/d/e',
      '/ui/namespaces/a',
      '/ui/main/kv/a',
      '/ui/main/blueprints/a/b',
    ]) {
      expect(read(path)).toEqual({ page: 'missing', path });
    }
    expect(read('/ui/flows/edit/%E0%A4%A/f')).toMatchObject({ namespace: '%E0%A4%A' });
  });
});
