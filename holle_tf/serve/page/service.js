// Calls the REST service that serves this page.

async function json(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The service does not answer. Is it still running?");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.error || `The service failed (status ${response.status}).`);
  return body;
}

export async function models() {
  return (await json("/v1/models")).models;
}

export async function sampleDocuments() {
  return (await json("/v1/documents")).documents;
}

/** A model's reply to the last turn of `chat`; `milliseconds` is the whole round trip. */
export async function answer(model, document, chat, signal) {
  const began = performance.now();
  const reply = await json(`/v1/models/${encodeURIComponent(model)}:chat`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ document, chat, tokens: true }),
    signal,
  });
  return { ...reply, milliseconds: performance.now() - began };
}
