// node examples/rest_client.mjs http://localhost:8501/v1/models/student examples/chat.json   (Node.js 18 or later)
import { readFile } from "node:fs/promises";

const [url, file] = process.argv.slice(2);
const chat = JSON.parse(await readFile(file, "utf8"));
const answer = await fetch(`${url}:predict`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ instances: [chat] }),
});
if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
const { span, start_char, end_char, score } = (await answer.json()).predictions[0];
console.log(JSON.stringify({ span, start_char, end_char, score }));
