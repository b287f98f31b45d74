/** What could do lasting harm asks for the password, or a code, once more. The question is asked here once, whoever called. */

let answer: ((given: boolean) => void) | null = null;
let asked: Promise<boolean> | null = null;
const listeners = new Set<() => void>();
const tell = () => listeners.forEach((listener) => listener());

export const stepUp = {
  /** Whether the question is on the screen now. */
  open: (): boolean => answer !== null,
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  /** Resolves to whether it was given and taken. Any number of calls refused at once share one question. */
  ask: (): Promise<boolean> => {
    asked ??= new Promise<boolean>((resolve) => {
      answer = resolve;
      tell();
    });
    return asked;
  },
  done: (given: boolean): void => {
    const resolve = answer;
    answer = null;
    asked = null;
    tell();
    resolve?.(given);
  },
};

/** Whether an answer asks for it once more. The answer itself stays unread. */
export async function wantsStepUp(response: Response): Promise<boolean> {
  if (response.status !== 403) return false;
  const problem = (await response.clone().json().catch(() => null)) as { code?: unknown } | null;
  return problem?.code === "step_up_required";
}
