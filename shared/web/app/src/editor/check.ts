// Asks the server for the problems of a source.
import { postYaml } from '../lib/api/client';
import type { Diagnostic, FlowValidation } from '../lib/api/types';

/** The problems, in the order of the text. Each is listed once. */
export async function check(source: string): Promise<Diagnostic[]> {
  const found = await postYaml<FlowValidation[]>('/flows/validate', source);
  return found
    .flatMap(({ diagnostics }) => diagnostics)
    .sort(
      (left, right) =>
        left.position.line - right.position.line || left.position.column - right.position.column,
    );
}
