// The value of an expression in an execution.
import { path, postText, Refusal } from '../lib/api/client';
import type { components } from '../lib/api/generated';

export interface Value {
  text: string;
  isError: boolean;
}

/** Asks the server. `run` is the task run that would read the expression. Undefined: the flow. */
export async function evaluate(id: string, run: string | undefined, expression: string): Promise<Value> {
  const address = run === undefined ? path`/executions/${id}/eval` : path`/executions/${id}/eval/${run}`;
  try {
    const { result, error } = await postText<components['schemas']['Evaluation']>(address, expression);
    return { text: error ?? result ?? '', isError: error !== undefined };
  } catch (error) {
    return { text: error instanceof Refusal ? error.message : String(error), isError: true };
  }
}
