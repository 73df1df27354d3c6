import { expect, it } from 'vitest';
import { countOf, treeOf, type Lane } from './tree';

const task = (id: string, kind = 'log.Log', more: Record<string, unknown> = {}) => ({
  id,
  type: `io.kestra.plugin.core.${kind}`,
  ...more,
});

/** A lane in one line: `then[a b(x)]`. */
function line({ name, tasks, isParallel }: Lane): string {
  const inner = tasks.map(
    (one) => one.id + (one.lanes.length > 0 ? `(${one.lanes.map(line).join(' ')})` : ''),
  );
  return `${name}${isParallel ? '{' : '['}${inner.join(' ')}${isParallel ? '}' : ']'}`;
}

it('reads sequences, branches and loops', () => {
  const tree = treeOf({
    triggers: [{ id: 'green', type: 'x.Schedule', cron: '0 9 1 * *', disabled: true }],
    tasks: [
      task('label'),
      task('choice', 'flow.If', { condition: '{{ true }}', then: [task('yes')], else: [task('no')] }),
      task('kind', 'flow.Switch', { value: '{{ x }}', cases: { A: [task('a')] }, defaults: [task('rest')] }),
      task('both', 'flow.Parallel', { tasks: [task('left'), task('right')] }),
      task('each', 'flow.ForEach', { values: ['1', '2'], tasks: [task('one'), task('two')] }),
    ],
    errors: [task('alert')],
    finally: [task('clean')],
  });
  expect(tree.lanes.map(line)).toEqual([
    '[label choice(then[yes] else[no]) kind(A[a] otherwise[rest]) both({left right}) each([one two])]',
    'errors[alert]',
    'finally[clean]',
  ]);
  expect(tree.triggers).toEqual([{ id: 'green', type: 'x.Schedule', isDisabled: true, note: '0 9 1 * *' }]);
  expect(countOf(tree.lanes)).toBe(15);
  expect(tree.lanes[0]?.tasks[4]?.note).toBe('2 values');
});

it('has no trigger that is on if the flow or the trigger is switched off', () => {
  const triggers = [
    { id: 'a', type: 'x.Schedule' },
    { id: 'b', type: 'x.Schedule' },
  ];
  const off = (tree: ReturnType<typeof treeOf>): boolean[] =>
    tree.triggers.map(({ isDisabled }) => isDisabled);
  expect(off(treeOf({ triggers }, new Set(['b'])))).toEqual([false, true]);
  expect(off(treeOf({ triggers, disabled: true }))).toEqual([true, true]);
});

it('puts the tasks of a Dag behind those that they wait for', () => {
  const of = (id: string, dependsOn?: string[]) => ({ task: task(id), ...(dependsOn && { dependsOn }) });
  const dag = task('dag', 'flow.Dag', { tasks: [of('c', ['a', 'b']), of('a'), of('b', ['a']), of('d')] });
  expect(treeOf({ tasks: [dag] }).lanes.map(line)).toEqual(['[dag(step 1{a d} step 2{b} step 3{c})]']);
  const circle = task('dag', 'flow.Dag', { tasks: [of('a', ['b']), of('b', ['a'])] });
  expect(countOf(treeOf({ tasks: [circle] }).lanes)).toBe(3);
});

it('takes a source with errors as far as it goes', () => {
  expect(treeOf({ tasks: 'none', triggers: [1] })).toEqual({ triggers: [], lanes: [] });
});
