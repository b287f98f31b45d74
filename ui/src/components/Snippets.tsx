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

export function Snippets({ url, secret, model }: { url: string | null; secret?: string; model: string }) {
  if (!url) return <Notice box>The gateway is not running, so there is no address to send calls to. Start Reeve with a gateway address, then come back.</Notice>;
  const key = secret ?? "rvk_your_tenant_key";
  const tab = (id: string, label: string, text: string) => ({ id, label, content: <div style={{ paddingTop: 10 }}><Code what={`${label} example`}>{text}</Code></div> });
  return <Tabs flush label="Example in" tabs={[tab("curl", "curl", curl(url, key, model)), tab("python", "Python", python(url, key, model)), tab("node", "Node", node(url, key, model))]} />;
}
export function Secret({ value, what }: { value: string; what: string }) {
  return (
    <div className="secret">
      <code aria-label={what}>{value}</code>
      <CopyButton value={value} what={what} text="Copy" />
    </div>
  );
}
export function KeyShownOnce({ name, secret, url, model, onClose }: { name: string; secret: string; url: string | null; model: string; onClose: () => void }) {
  return (
    <Dialog title={`API key ${name}`} onClose={onClose} wide sticky>
      <div className="content">
        <p className="dim">This is the only time the key is shown. Reeve keeps a fingerprint, not the key.</p>
        <Secret value={secret} what="API key" />
        {url && <div className="row dim">Gateway address <span className="mono strong">{url}</span><CopyButton value={url} what="gateway address" /></div>}
        <Snippets url={url} secret={secret} model={model} />
      </div>
      <footer><Button kind="primary" onPress={onClose}>I have saved the key</Button></footer>
    </Dialog>
  );
}
