import OpenAI from "openai";
import { expect, test, workspace } from "../support/world";

const ask = { model: "gpt-4o", messages: [{ role: "user" as const, content: "How many roads must a man walk down?" }] };

test("a whole and a streamed call go through, and their cost is the provider's usage times the price", async ({ server, provider }) => {
  const { api, openai, tenant } = await workspace(server, provider);
  const whole = await openai.chat.completions.create(ask);
  expect(whole.choices[0]?.message.content).toBeTruthy();

  const stream = await openai.chat.completions.create({ ...ask, stream: true });
  let text = "";
  for await (const chunk of stream) {
    // Nobody asked for usage here, so no chunk without a choice may come through.
    expect(chunk.choices.length).toBeGreaterThan(0);
    text += chunk.choices[0]?.delta.content ?? "";
  }
  expect(text).toBeTruthy();

  const withUsage = await openai.chat.completions.create({ ...ask, stream: true, stream_options: { include_usage: true } });
  let usage: OpenAI.CompletionUsage | null | undefined = null;
  for await (const chunk of withUsage) usage = chunk.usage ?? usage;
  expect(usage?.total_tokens).toBeGreaterThan(0);

  await expect.poll(async () => (await api.get<{ total: { requests: number } }>("/usage/summary?group_by=day")).total.requests).toBe(3);
  const records = await api.get<{ items: { cost_usd: string; usage: { input?: number; output?: number; cache_read?: number }; tenant_id: string }[] }>("/usage/records");
  let nano = 0n;
  for (const r of records.items) {
    expect(r.tenant_id).toBe(tenant);
    // gpt-4o: 2,500 nano-dollars a prompt token, 1,250 from the cache, 10,000 a generated one.
    const cost = BigInt(r.usage.input ?? 0) * 2_500n + BigInt(r.usage.cache_read ?? 0) * 1_250n + BigInt(r.usage.output ?? 0) * 10_000n;
    expect(toNano(r.cost_usd)).toBe(cost);
    nano += cost;
  }
  const billed = await provider.totals();
  expect(billed.calls).toBe(3);
  expect(nano).toBeGreaterThan(0n);
});

test("embeddings and models", async ({ server, provider }) => {
  const { openai } = await workspace(server, provider);
  const made = await openai.embeddings.create({ model: "text-embedding-3-small", input: ["one", "two"] });
  expect(made.data).toHaveLength(2);
  const models = [];
  for await (const model of openai.models.list()) models.push(model.id);
  expect(models).toContain("gpt-4o");
});

test("refusals raise the SDK's usual exceptions and stand in the audit trail", async ({ server, provider }) => {
  const { api, openai, tenant, key } = await workspace(server, provider, "free");
  const wrong = new OpenAI({ apiKey: `${key.slice(0, -8)}zzzzzzzz`, baseURL: server.gateway, maxRetries: 0 });
  await expect(wrong.chat.completions.create(ask)).rejects.toBeInstanceOf(OpenAI.AuthenticationError);

  await expect(openai.chat.completions.create({ ...ask, model: "no-such-model" })).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  await expect(openai.chat.completions.create({ ...ask, messages: "not a list" as never })).rejects.toBeInstanceOf(OpenAI.BadRequestError);
  await expect(openai.chat.completions.create({ ...ask, max_tokens: 5_000 })).rejects.toBeInstanceOf(OpenAI.RateLimitError);

  await api.post("/budgets", { scope: "tenant", tenant_id: tenant, period: "day", limit_usd: "0.000001", kind: "hard" });
  const poor = openai.chat.completions.create(ask);
  await expect(poor).rejects.toMatchObject({ status: 402, code: "budget_exceeded" });

  await api.post(`/tenants/${tenant}/suspend`, { reason: "test" });
  await expect(openai.chat.completions.create(ask)).rejects.toBeInstanceOf(OpenAI.PermissionDeniedError);

  expect((await provider.totals()).calls).toBe(0);
  const events = async () => (await api.get<{ items: { event_type: string }[] }>("/audit/logs?not_ok=true")).items.map((e) => e.event_type);
  // Entries of refusals ride behind the answer.
  await expect.poll(events).toEqual(expect.arrayContaining(["auth.failed", "model.refuse", "request.refuse", "quota.exceeded", "budget.exceeded", "access.denied"]));
});

function toNano(usd: string): bigint {
  const [whole = "0", fraction = ""] = usd.split(".");
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0"));
}
