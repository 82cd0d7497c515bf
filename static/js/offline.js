// On a centre's pages: starts the worker, says what waits, and fills in the copy that it kept.
(() => {
  "use strict";
  const words = document.currentScript.dataset, worker = navigator.serviceWorker;
  if (!worker || !window.indexedDB) return;

  const id = name => document.getElementById(name);
  const { owner, copy } = words;
  let waiting = 0, again = 0, left = false; // left once the account signs out

  const say = (what, more) =>
    worker.ready.then(({ active }) => active.postMessage(Object.assign({ say: what }, more)));
  const here = () => left ||
    say("here", { owner, copy, words: { ended: words.ended, left: words.left } });

  worker.register("/sw.js");
  worker.addEventListener("message", event => hear(event.data));
  worker.startMessages();
  addEventListener("online", here);
  here();
  if (navigator.storage && navigator.storage.persist) navigator.storage.persist();

  // What waits, and what came of it

  let heard = () => 0;

  function hear(said) {
    waiting = said.waiting;
    const text = said.ended ? words.ended : waiting === 1 ? words.one : words.many;
    notice("copy-waits", waiting ? text.replace("#", waiting) : "", said.ended ? words.login : "");
    said.answers.forEach(answer => notice("copy-" + answer.n, answer.words));
    if (said.answers.length && id("copy-banner")) id("copy-banner").hidden = true;
    if (said.answers.length) say("shown", { ids: said.answers.map(answer => answer.n) });
    said.kept.forEach(each => each.day === day && !touched && tick(each.marks));
    heard();
    clearTimeout(again); // a network that is said to be back may take its time
    if (waiting && !said.ended) again = setTimeout(here, 10e3);
  }

  function notice(name, text, link) {
    let box = id(name);
    if (!box && text) {
      box = id("messages").appendChild(document.createElement("div"));
      box.id = name;
      box.className = "alert";
      box.setAttribute("role", "status");
    }
    if (!box) return;
    box.hidden = !text;
    box.textContent = text;
    if (link) {
      const to = box.appendChild(document.createElement("a"));
      to.href = link;
      to.textContent = " " + words.signin;
    }
  }

  // Signing out takes with it what has not been sent: that is asked about first.

  const out = document.querySelector(".nav-account");
  if (out) out.addEventListener("submit", event => {
    left = !waiting;
    if (left) return;
    event.preventDefault();
    const ask = () => {
      heard = () => 0;
      clearTimeout(late);
      clearTimeout(again);
      left = !waiting || confirm(words.lost.replace("#", waiting));
      if (left) out.submit();
    };
    const late = setTimeout(ask, 15e3);
    heard = ask;
    here();
  });

  // The copy, as the register of one day

  const days = id("copy-days");
  const day = (/register\/(\d{4}-\d\d-\d\d)\//.exec(location.pathname) || [])[1];
  const chosen = days && day && days.querySelector(`[data-day="${day}"]`);
  const form = days && days.parentNode.querySelector("form");
  let touched = false;

  if (chosen) {
    const { begins, ends, seen, lines } = chosen.dataset;
    const marks = {};
    lines.split(" ").forEach(line => {
      const [officer, mark] = line.split(":");
      marks[officer] = mark || "";
    });
    let count = 0;
    form.querySelectorAll(".register-row").forEach(row => {
      if (row.querySelector("input").name.slice(8) in marks) count += 1;
      else row.remove();
    });
    form.querySelector(".tally").lastChild.data = " / " + count;
    tick(marks);
    form.seen.value = seen;
    form.action = chosen.querySelector("a").href;
    id("copy-title").textContent = chosen.querySelector("a").textContent;
    const early = () => Date.now() < Date.parse(begins);
    id("copy-early").hidden = !early();
    if (Date.now() >= Date.parse(ends)) {
      id("copy-late").hidden = false;
      form.late_reason.required = true;
    } else form.late_reason.required = false;
    form.addEventListener("change", () => (touched = true));
    form.addEventListener("submit", event => {
      if (!early()) return;
      event.preventDefault();
      id("copy-early").scrollIntoView();
    });
    days.hidden = true;
    form.hidden = false;
  }

  function tick(marks) {
    if (chosen) Object.keys(marks).forEach(officer => {
      const box = form.querySelector(`[name=officer_${officer}][value="${marks[officer]}"]`);
      if (box) box.checked = true;
    });
  }
})();
