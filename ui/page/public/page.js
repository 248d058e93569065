// The chat frame connects twice when a conversation is opened: before it knows which, and after.
// Each time it asks for a cookie first, and whichever is answered last stays connected. Only the
// newest one goes on from here, or the conversation would now and then stay empty.
const ask = window.fetch;
let newest = 0;

window.fetch = async (resource, options) => {
  const url = resource instanceof Request ? resource.url : String(resource);
  if (!url.endsWith("/set-session-cookie")) return ask(resource, options);
  newest += 1;
  const mine = newest;
  const answer = ask(resource, options);
  await Promise.allSettled([answer]);
  return mine === newest ? answer : new Promise(() => {});
};
