// Calls the REST service that serves this page.

// Paths are relative to the page, which a proxy may offer at a path of its own.
async function json(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The service does not answer. Is it still running?");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    const reason = body.error || `The service failed (status ${response.status}).`;
    throw Object.assign(new Error(reason), { status: response.status });
  }
  return body;
}

export async function models() {
  return (await json("v1/models")).models;
}

export async function sampleDocuments() {
  return (await json("v1/documents")).documents;
}

/**
 * A model's reply to the last turn of `chat`; `milliseconds` is the whole round trip.
 *
 * `source` is { text, id }. The id is sent in place of the text once a reply has named it, and the text again if the
 * service does not keep the document any more.
 */
export async function answer(model, source, chat, signal) {
  const began = performance.now();
  const send = (document) =>
    json(`v1/models/${encodeURIComponent(model)}:chat`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...document, chat, tokens: true }),
      signal,
    });
  const reply = await (source.id ? send({ document_id: source.id }) : send({ document: source.text })).catch((error) => {
    if (!source.id || error.status !== 404) throw error;
    return send({ document: source.text });
  });
  source.id = reply.document_id ?? null;
  return { ...reply, milliseconds: performance.now() - began };
}
