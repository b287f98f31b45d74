export type Control = { kind: string } & Record<string, unknown>;
interface Field { name: string; label: string; hint?: string }
export interface Kind { id: string; label: string; provider: string; fields: Field[] }
const REGION = { name: "region", label: "Region", hint: "Such as eu-central-1" };
const USER = { name: "user_name", label: "User", hint: "The user whose keys they are" };

/** How each provider is told about keys: what its settings are called there. */
export const KINDS: readonly Kind[] = [
  { id: "openai", label: "OpenAI project", provider: "openai", fields: [{ name: "project", label: "Project", hint: "Such as proj_abc" }] },
  { id: "anthropic", label: "Anthropic organisation", provider: "anthropic", fields: [] },
  { id: "aws_iam", label: "AWS access keys", provider: "aws-bedrock", fields: [USER, REGION] },
  { id: "bedrock_api_key", label: "Bedrock API keys", provider: "aws-bedrock", fields: [USER] },
  { id: "google", label: "Google Cloud project", provider: "google", fields: [{ name: "project", label: "Project" }, { name: "service_account", label: "Service account", hint: "New keys are bound to it" }] },
  { id: "openrouter", label: "OpenRouter account", provider: "openrouter", fields: [] },
  { id: "azure", label: "Azure AI account", provider: "azure-openai", fields: [{ name: "directory", label: "Directory (tenant) id" }, { name: "client", label: "Application (client) id" }, { name: "subscription", label: "Subscription" }, { name: "resource_group", label: "Resource group" }, { name: "account", label: "Account" }, { name: "key_name", label: "Key in use", hint: "Key1 or Key2" }] },
];

/** Admin keys that can make another of their own kind. */
export const OWN_KINDS: readonly Kind[] = [
  { id: "openai_admin", label: "OpenAI admin keys", provider: "openai", fields: [] },
  { id: "aws_iam", label: "AWS access keys", provider: "aws-bedrock", fields: [{ ...USER, hint: "The user whose key this is" }, REGION] },
];

/** What was typed, as the settings of a provider's admin API. */
export const controlOf = (kind: Kind, typed: Record<string, string>): Control => ({ kind: kind.id, ...Object.fromEntries(kind.fields.map((f) => [f.name, (typed[f.name] ?? "").trim()])) });
export const isFilledIn = (kind: Kind, typed: Record<string, string>): boolean => kind.fields.every((f) => typed[f.name]?.trim());
