import { Code, CopyButton, Dialog, Button, Notice, Tabs } from "@/ui";

const curl = (url: string, key: string, model: string) => `curl ${url}/chat/completions \\
  -H "Authorization: Bearer ${key}" \\
  -H "Content-Type: application/json" \\
  -d '{
    "model": "${model}",
    "messages": [{"role": "user", "content": "Say hello"}]
  }'`;
const python = (url: string, key: string, model: string) => `from openai import OpenAI

client = OpenAI(base_url="${url}", api_key="${key}")
answer = client.chat.completions.create(
    model="${model}",
    messages=[{"role": "user", "content": "Say hello"}],
)
print(answer.choices[0].message.content)`;
const node = (url: string, key: string, model: string) => `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${url}", apiKey: "${key}" });
const answer = await client.chat.completions.create({
  model: "${model}",
  messages: [{ role: "user", content: "Say hello" }],
});
console.log(answer.choices[0].message.content);`;

// In the own words of other providers: the same key, another address, a model of theirs.
const anthropic = (root: string, key: string) => `import anthropic

client = anthropic.Anthropic(base_url="${root}/anthropic", api_key="${key}")
answer = client.messages.create(
    model="claude-sonnet-4-5",
    max_tokens=100,
    messages=[{"role": "user", "content": "Say hello"}],
)
print(answer.content[0].text)`;
const google = (root: string, key: string) => `from google import genai

client = genai.Client(api_key="${key}", http_options={"base_url": "${root}/google"})
answer = client.models.generate_content(model="gemini-2.5-flash", contents="Say hello")
print(answer.text)`;
const bedrock = (root: string, key: string) => `import boto3
from botocore import UNSIGNED
from botocore.config import Config

client = boto3.client(
    "bedrock-runtime", region_name="us-east-1", endpoint_url="${root}/bedrock",
    config=Config(signature_version=UNSIGNED),
)
# boto3 sends a bearer of its own over HTTPS only.
client.meta.events.register(
    "before-send.bedrock-runtime",
    lambda request, **_: request.headers.__setitem__("Authorization", "Bearer ${key}"),
)
answer = client.converse(
    modelId="us.amazon.nova-lite-v1:0",
    messages=[{"role": "user", "content": [{"text": "Say hello"}]}],
)
print(answer["output"]["message"]["content"][0]["text"])`;

export function Snippets({ url, secret, model }: { url: string | null; secret?: string; model: string }) {
  if (!url) return <Notice box>The gateway is not running, so there is no address to send calls to. Start Reeve with a gateway address, then come back.</Notice>;
  const key = secret ?? "rvk_your_tenant_key";
  const tab = (id: string, label: string, words: string, install: string | null, text: string) => ({
    id, label,
    content: (
      <div className="stackv" style={{ paddingTop: 10, gap: 8 }}>
        <p className="dim">{words}{install && <>: <code className="mono">{install}</code></>}</p>
        <Code what={`${label} example`}>{text}</Code>
      </div>
    ),
  });
  const root = url.replace(/\/v1\/?$/, "");
  const openai = [
    tab("curl", "curl", "On the command line, in the form of OpenAI's calls", null, curl(url, key, model)),
    tab("python", "Python", "Python, with OpenAI's own package", "pip install openai", python(url, key, model)),
    tab("node", "Node", "Node, with OpenAI's own package", "npm install openai", node(url, key, model)),
  ];
  const others = [
    tab("anthropic", "Anthropic", "Python, with Anthropic's own package", "pip install anthropic", anthropic(root, key)),
    tab("google", "Google", "Python, with Google's own package", "pip install google-genai", google(root, key)),
    tab("bedrock", "Bedrock", "Python, with AWS's own package", "pip install boto3", bedrock(root, key)),
  ];
  return <Tabs flush label="Example in" tabs={[...openai, ...others]} />;
}
export function Secret({ value, what }: { value: string; what: string }) {
  return (
    <div className="secret">
      <code aria-label={what}>{value}</code>
      <CopyButton value={value} what={what} text="Copy" />
    </div>
  );
}
/** A key that makes no calls writes audit entries. */
const entries = (secret: string) => `curl -sS ${window.location.origin}/api/v1/audit/logs \\
  -H "Authorization: Bearer ${secret}" -H "Content-Type: application/json" \\
  -d '{"action": "UPDATE", "resource": {"type": "PROJECT", "id": "p-7"}, "changes": [{"field": "state", "before": "draft", "after": "live"}]}'`;

export function KeyShownOnce({ name, secret, url, model, calls = true, onClose }: { name: string; secret: string; url: string | null; model: string; calls?: boolean; onClose: () => void }) {
  return (
    <Dialog title={`API key ${name}`} onClose={onClose} wide sticky>
      <div className="content">
        <p className="dim">This is the only time the key is shown. Reeve keeps a fingerprint, not the key.</p>
        <Secret value={secret} what="API key" />
        {calls && url && <div className="row dim">Gateway address <span className="mono strong">{url}</span><CopyButton value={url} what="gateway address" /></div>}
        {calls ? <Snippets url={url} secret={secret} model={model} /> : (
          <>
            <p className="dim">Write an entry with it, at the address of the server:</p>
            <Code what="audit entry example">{entries(secret)}</Code>
          </>
        )}
      </div>
      <footer><Button kind="primary" onPress={onClose}>I have saved the key</Button></footer>
    </Dialog>
  );
}
