// The registers of a centre without a network. /sw.js loads this and says ASSETS and VERSION.
// docs/offline.md says what is kept, where and how long.
"use strict";

const CACHE = "cp2-" + VERSION;
const DATABASE = "cp2";
const COPY = /^\/centre\/\d+\/register\/copy\/$/;
const REGISTER = /^(\/centre\/\d+\/register\/)(\d{4}-\d\d-\d\d)\/$/;
const OURS = /^\/(centre\/.*|home\/)?$/;
const MINUTE = 60e3;
const FRESH = 15 * MINUTE; // so long a copy is not fetched anew
const LASTS = 7 * 24 * 60 * MINUTE; // as long as the longest session of a centre
const PATIENCE = 15e3; // for a page of which there is a copy; a post has twice as long

addEventListener("install", event => {
  skipWaiting();
  event.waitUntil(install());
});

addEventListener("activate", event => event.waitUntil(activate()));

addEventListener("fetch", event => {
  const { request } = event, url = new URL(request.url), path = url.pathname;
  if (url.origin !== location.origin) return;
  if (path.startsWith("/static/")) event.respondWith(file(request));
  else if (request.mode !== "navigate") return;
  else if (request.method === "GET") {
    if (OURS.test(path)) event.respondWith(page(request));
    else if (path === "/accounts/login/") event.respondWith(door(request));
  } else if (REGISTER.test(path)) event.respondWith(mark(event, path));
  else if (path === "/accounts/login/") event.respondWith(enter(request));
  else if (path === "/accounts/logout/") event.respondWith(leave(request));
});

addEventListener("message", event => event.waitUntil(hear(event.data).catch(() => 0)));

addEventListener("sync", event => event.waitUntil(send(true)));

// What is kept: pages and files

async function install() {
  const cache = await caches.open(CACHE);
  await cache.addAll(ASSETS);
  const old = await kept();
  if (old) await refresh(new URL(old.url).pathname); // without a network the old ones stay
}

async function activate() {
  for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
  await clients.claim();
}

async function kept() {
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      if (!COPY.test(new URL(request.url).pathname)) continue;
      const copy = await cache.match(request);
      if (Date.now() - Date.parse(copy.headers.get("date")) < LASTS) return copy;
      await cache.delete(request);
    }
  }
}

async function forget() {
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys())
      if (COPY.test(new URL(request.url).pathname)) await cache.delete(request);
  }
}

async function refresh(path) {
  const answer = await fetch(path, { redirect: "manual" });
  if (answer.ok && !gone) await (await caches.open(CACHE)).put(path, answer);
  else if (answer.type === "opaqueredirect" || answer.status === 404) await forget();
}

// What is asked for

const within = (time, answer) =>
  Promise.race([answer, new Promise((_, no) => setTimeout(no, time))]).then(got => {
    if (got.status > 501) throw got;
    return got;
  });

async function file(request) {
  return (await caches.match(request)) || fetch(request);
}

async function page(request) {
  const answer = fetch(request);
  try {
    return await within(PATIENCE, answer);
  } catch (_) {
    return (await kept()) || answer;
  }
}

// Whose session has ended is told at the door that something waits.
async function door(request) {
  const answer = await fetch(request);
  const { who, waiting } = await state();
  if (!waiting || !answer.ok) return answer;
  const said = who.words.ended.replace("#", waiting).replace(/[<&]/g, "");
  const html = await answer.text();
  const note = `<div class="alert alert-warning" role="status">${said}</div>`;
  return new Response(html.replace('id="messages">', "$&" + note), { headers: answer.headers });
}

// Whoever signs in finds nothing of whoever was here before.
async function enter(request) {
  const answer = await fetch(request);
  await forget();
  return answer;
}

async function leave(request) {
  const { words } = (await who()) || {};
  const answer = await fetch(request).catch(() => null);
  await wipe();
  if (answer || !words) return answer || Response.error();
  const head = '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">';
  return new Response(`${head}<title>CP2</title><p>${words.left}</p>`, {
    headers: { "Content-Type": "text/html" },
  });
}

let gone = false; // whoever was here has signed out

async function wipe() {
  gone = true;
  for (const name of await caches.keys()) await caches.delete(name);
  if (opened) (await opened).close();
  opened = null;
  await new Promise(done => {
    const asked = indexedDB.deleteDatabase(DATABASE);
    asked.onsuccess = asked.onerror = done; // blocked, it waits for what is under way
  });
  await registration.unregister();
}

// What is marked

async function mark(event, path) {
  const { request } = event;
  const form = new URLSearchParams(await request.clone().text());
  if (!form.has("copy")) {
    try {
      const answer = await within(2 * PATIENCE, fetch(request));
      if (answer.status === 500) throw answer;
      event.waitUntil(note({ at: 0 })); // the copy does not know of it
      return answer;
    } catch (_) {}
  }
  const [, registers, day] = REGISTER.exec(path);
  const { owner, device } = await who();
  const marks = {};
  for (const [name, value] of form)
    if (name.startsWith("officer_")) marks[name.slice(8)] = value;
  await change("copies", store => store.add({
    id: uuid(), owner, device, day, marks,
    to: registers + "copies/",
    marked_at: new Date().toISOString(),
    seen: form.get("seen") || "",
    acting_name: form.get("acting_name") || "",
    late_reason: form.get("late_reason") || "",
  }));
  if (registration.sync) await registration.sync.register("copies").catch(() => 0);
  event.waitUntil(send());
  return Response.redirect(registers, 303);
}

let sending = null;

// With `again`, a failure is thrown, so that the browser tries later.
async function send(again) {
  if (!sending) sending = deliver().finally(() => (sending = null));
  await sending.catch(error => {
    if (again) throw error;
  });
  await tell();
}

let ended = false; // the session, when it was last asked for

async function deliver() {
  const me = await who(), waiting = (await all()).filter(copy => !copy.answer && me.owner === copy.owner);
  if (!waiting.length) return;
  const asked = await within(2 * PATIENCE, fetch(waiting[0].to, { redirect: "manual" }));
  ended = asked.type === "opaqueredirect";
  if (ended) return forget(); // names are for whoever is signed in
  const { owner, token } = await asked.json();
  for (const copy of waiting) {
    if (copy.owner !== owner) continue;
    const answer = await within(2 * PATIENCE, fetch(copy.to, {
      method: "POST",
      redirect: "manual",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify(copy),
    }));
    if (answer.status === 409) continue; // not at this moment
    if (!answer.ok && answer.status !== 400) throw answer;
    copy.answer = await answer.json();
    await change("copies", store => store.put(copy));
    await note({ at: 0 });
  }
}

// Between pages and worker

async function hear({ say, ...said }) {
  if (say === "shown") return change("copies", store => said.ids.forEach(id => store.delete(id)));
  if (say === "here") {
    gone = false;
    const before = await who();
    const same = before && before.owner === said.owner;
    if (before && !same) await forget();
    await note(Object.assign(same ? {} : { device: uuid(), at: 0 }, said));
  }
  await send();
  const { at, copy } = await who();
  if (at + FRESH > Date.now() && (await kept())) return;
  await refresh(copy).then(() => note({ at: Date.now() }), () => 0);
}

async function state() {
  const me = await who(), copies = (await all()).filter(copy => me && copy.owner === me.owner);
  const waiting = copies.filter(copy => !copy.answer);
  return {
    who: me,
    ended,
    waiting: new Set(waiting.map(copy => copy.day)).size,
    kept: waiting.map(({ day, marks }) => ({ day, marks })),
    answers: copies.filter(copy => copy.answer).map(({ n, answer }) => ({ n, words: answer.words })),
  };
}

async function tell() {
  const { who, ...rest } = await state();
  for (const client of await clients.matchAll()) client.postMessage(rest);
}

// The database

let opened = null;

function base() {
  if (gone) return Promise.reject(); // whatever was under way stops here
  return (opened = opened || new Promise((done, failed) => {
    const asked = indexedDB.open(DATABASE, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("copies", { keyPath: "n", autoIncrement: true });
      asked.result.createObjectStore("who");
    };
    asked.onsuccess = () => done(asked.result);
    asked.onerror = failed;
  }));
}

async function change(name, act) {
  const transaction = (await base()).transaction(name, "readwrite", { durability: "strict" });
  const asked = act(transaction.objectStore(name));
  return new Promise((done, failed) => {
    transaction.oncomplete = () => done(asked && asked.result);
    transaction.onerror = transaction.onabort = failed;
  });
}

const all = () => change("copies", store => store.getAll());
const who = () => change("who", store => store.get(1));
const note = async more => {
  const one = Object.assign({}, await who(), more);
  return change("who", store => store.put(one, 1));
};

const uuid = () => "10000000-1000-4000-8000-100000000000".replace(/[018]/g, digit =>
  (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16));
