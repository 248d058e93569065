// The chat frame connects twice when a conversation is opened: before it knows which, and after.
// Each time it asks for a cookie first, and the connection whose answer comes last stays: now and
// then the wrong one, and the page would stay empty. The cookie is for a choice of servers; there
// is one. Answered here, at once, the two connections keep their order.
const ask = window.fetch;

window.fetch = (resource, options) =>
  String(resource).endsWith("/set-session-cookie")
    ? Promise.resolve(new Response("{}"))
    : ask(resource, options);
