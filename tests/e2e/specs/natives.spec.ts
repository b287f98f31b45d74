import Anthropic from "@anthropic-ai/sdk";
import { ApiError, GoogleGenAI } from "@google/genai";
import { expect, test, workspace } from "../support/world";

// The official SDKs of other providers than OpenAI, as they are, through the gateway.
const message = { model: "claude-sonnet-4-5", max_tokens: 60, messages: [{ role: "user" as const, content: "How many roads?" }] };
const content = { model: "gemini-2.5-flash", contents: "How many roads?", config: { maxOutputTokens: 60 } };

test("Anthropic's and Google's SDKs call whole and streamed, and both are charged", async ({ server, provider }) => {
  const { api, key } = await workspace(server, provider);
  const root = server.gateway.replace(/\/v1$/, "");
  const upstream = provider.base_url.replace(/\/v1$/, "");
  await api.post("/credentials", { name: "anthropic", provider: "anthropic", base_url: `${upstream}/v1`, api_key: provider.key });
  await api.post("/credentials", { name: "google", provider: "google", base_url: `${upstream}/v1beta`, api_key: provider.key });

  const anthropic = new Anthropic({ baseURL: `${root}/anthropic`, apiKey: key, maxRetries: 0 });
  const whole = await anthropic.messages.create(message);
  expect(whole.content[0]).toMatchObject({ type: "text" });
  const streamed = await anthropic.messages.stream(message).finalMessage();
  expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens);
  expect((await anthropic.messages.countTokens({ model: message.model, messages: message.messages })).input_tokens).toBeGreaterThan(0);

  const google = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: `${root}/google` } });
  expect((await google.models.generateContent(content)).text).toBeTruthy();
  let text = "";
  for await (const chunk of await google.models.generateContentStream(content)) text += chunk.text ?? "";
  expect(text).toBeTruthy();

  interface Item { provider: string; operation: string; cost_usd: string }
  const items = async () => (await api.get<{ items: Item[] }>("/usage/records")).items;
  await expect.poll(async () => (await items()).length).toBe(5);
  const seen = (await items()).map((r) => `${r.provider} ${r.operation} ${Number(r.cost_usd) > 0 ? "paid" : "free"}`).sort();
  expect(seen).toEqual(["anthropic chat paid", "anthropic chat paid", "anthropic count_tokens free", "google chat paid", "google chat paid"]);
});

test("refusals raise each SDK's usual exceptions", async ({ server, provider }) => {
  const { api, tenant, key } = await workspace(server, provider);
  const root = server.gateway.replace(/\/v1$/, "");
  const upstream = provider.base_url.replace(/\/v1$/, "");
  await api.post("/credentials", { name: "anthropic", provider: "anthropic", base_url: `${upstream}/v1`, api_key: provider.key });
  await api.post("/credentials", { name: "google", provider: "google", base_url: `${upstream}/v1beta`, api_key: provider.key });

  const wrong = new Anthropic({ baseURL: `${root}/anthropic`, apiKey: "rvk_wrong", maxRetries: 0 });
  await expect(wrong.messages.create(message)).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
  const anthropic = new Anthropic({ baseURL: `${root}/anthropic`, apiKey: key, maxRetries: 0 });
  await expect(anthropic.messages.create({ ...message, model: "no-such-model" })).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  await expect(anthropic.messages.create({ ...message, max_tokens: -1 })).rejects.toBeInstanceOf(Anthropic.BadRequestError);
  const google = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: `${root}/google` } });
  const unknown = google.models.generateContent({ ...content, model: "no-such-model" });
  await expect(unknown).rejects.toBeInstanceOf(ApiError);

  await api.post("/budgets", { scope: "tenant", tenant_id: tenant, period: "day", limit_usd: "0.000001", kind: "hard" });
  await expect(anthropic.messages.create(message)).rejects.toMatchObject({ status: 402, error: { error: { type: "billing_error" } } });
  await expect(google.models.generateContent(content)).rejects.toMatchObject({ status: 402 });
  expect((await provider.totals()).calls).toBe(0);
});
