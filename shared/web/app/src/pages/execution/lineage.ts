// Which task runs have a lineage of dbt, and how its nodes are named.
import type { components } from '../../lib/api/generated';
import type { TaskRun } from '../../lib/api/types';

type Schemas = components['schemas'];
export type Lineage = Schemas['Lineage'];
export type LineageNode = Schemas['LineageNode'];

/** The file of dbt that the lineage is read from. */
const MANIFEST = 'manifest.json';

/** The task runs that left a manifest of dbt behind, the last one first. */
export function withLineage(runs: readonly TaskRun[]): TaskRun[] {
  return runs
    .filter(({ outputs }) => {
      const files: unknown = outputs['outputFiles'];
      return typeof files === 'object' && files !== null && MANIFEST in files;
    })
    .reverse();
}

const SHORT: Readonly<Record<string, string>> = {
  source: 'SRC',
  seed: 'SEED',
  model: 'MDL',
  snapshot: 'SNP',
  exposure: 'EXP',
};

/** The kind of a node in a few letters. */
export function shortKind(kind: string): string {
  return SHORT[kind] ?? kind.toUpperCase();
}

/** The title of a node: everything that its box has no room for. */
export function titleOf({ id, relation, materialized, description }: LineageNode): string {
  return [id, relation, materialized, description].filter(Boolean).join('\n');
}
