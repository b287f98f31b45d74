/** The only place where a failed call becomes words. */
import type { Problem } from "./types";

export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly fields: { field: string; message: string }[];
  readonly requestId: string | null;

  constructor(problem: Pick<Problem, "code" | "status" | "detail"> & Partial<Problem>) {
    super(problem.detail);
    this.name = "ApiError";
    this.code = problem.code;
    this.status = problem.status;
    this.fields = problem.fields ?? [];
    this.requestId = problem.request_id ?? null;
  }
}

const WORDS: Record<string, string> = {
  invalid: "Some of what was entered cannot be used.",
  unauthenticated: "You are signed out. Sign in to go on.",
  second_factor_required: "The code of your authenticator app is needed as well.",
  forbidden: "Your role does not allow this.",
  step_up_required: "This needs your password or a code, and it was not given. Nothing was changed.",
  not_found: "This no longer exists, or it is not yours to see.",
  conflict: "This clashes with something that already exists.",
  budget_exceeded: "A budget does not allow this spend.",
  quota_exceeded: "The quota for this period is used up.",
  rate_limited: "Too many requests. Wait a moment, then try again.",
  policy_denied: "A policy does not allow this.",
  precondition_failed: "Something has to be in place first.",
  unavailable: "Reeve cannot do this at the moment. Try again shortly.",
  vault_locked: "The vault is locked.",
  internal: "Something went wrong inside Reeve. Its log has the details.",
};

const OFFLINE = "Reeve does not answer. Check that it is running, then try again.";
/** Codes whose `detail` is written by the server for the person at the screen. */
const DETAIL_IS_FOR_PEOPLE = new Set(["invalid", "conflict", "precondition_failed", "forbidden", "unavailable", "vault_locked", "policy_denied", "budget_exceeded", "quota_exceeded", "unauthenticated", "second_factor_required"]);

const sentence = (text: string): string => {
  const trimmed = text.trim();
  const first = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.?]$/.test(first) ? first : `${first}.`;
};

export function errorWords(error: unknown): string {
  if (!(error instanceof ApiError)) return OFFLINE;
  if (DETAIL_IS_FOR_PEOPLE.has(error.code) && error.message !== "") return sentence(error.message);
  return WORDS[error.code] ?? WORDS.internal ?? OFFLINE;
}

/** For a failed page: the words, and the number support can look up. */
export function errorReference(error: unknown): string | null {
  return error instanceof ApiError ? error.requestId : null;
}

/** Errors by field for a form. Fields the form does not show stay in the general sentence. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError)) return {};
  return Object.fromEntries(error.fields.map(({ field, message }) => [field, sentence(message)]));
}

export async function problemFrom(response: Response, body: unknown): Promise<ApiError> {
  const p = (typeof body === "object" && body !== null ? body : {}) as Partial<Problem>;
  const code = p.code ?? (response.status === 401 ? "unauthenticated" : response.status === 404 ? "not_found" : "internal");
  return new ApiError({ ...p, code, status: response.status, detail: p.detail ?? "" });
}
