/* What the server cannot do for a screen: the ticking clock, the live picture, the keypad, one touch to rate. */
(() => {
  "use strict";
  const week = "日一二三四五六";

  function tick() {
    const county = new Date(Date.now() + 8 * 3600 * 1000);
    const two = (number) => String(number).padStart(2, "0");
    const time = `${two(county.getUTCHours())}:${two(county.getUTCMinutes())}:${two(county.getUTCSeconds())}`;
    const date = `${county.getUTCFullYear()}年${county.getUTCMonth() + 1}月${county.getUTCDate()}日 星期${week[county.getUTCDay()]}`;
    document.querySelectorAll("[data-time]").forEach((node) => { node.textContent = time; });
    document.querySelectorAll("[data-date]").forEach((node) => { node.textContent = date; });
  }
  tick();
  setInterval(tick, 250);

  // The picture keeps its own proportions within the box; the frame follows it there.
  function frameFace(face, picture, shown) {
    const box = picture.parentElement;
    const scale = Math.min(box.clientWidth / shown.width, box.clientHeight / shown.height);
    const [left, top, width, height] = shown.box;
    const x = (box.clientWidth - shown.width * scale) / 2 + left * shown.width * scale;
    const y = (box.clientHeight - shown.height * scale) / 2 + top * shown.height * scale;
    Object.assign(face.style, { left: `${x}px`, top: `${y}px`, width: `${width * shown.width * scale}px`, height: `${height * shown.height * scale}px` });
  }

  // The picture and the frame around the face come together, so that one never lags behind the other.
  document.body.addEventListener("htmx:sseBeforeMessage", (message) => {
    if (message.detail.type !== "frame") return;
    message.preventDefault();
    const shown = JSON.parse(message.detail.data);
    const picture = document.querySelector("[data-picture]");
    const face = document.querySelector("[data-face]");
    const none = document.querySelector("[data-no-picture]");
    picture.hidden = !shown.jpeg;
    none.hidden = Boolean(shown.jpeg);
    if (shown.jpeg) picture.src = `data:image/jpeg;base64,${shown.jpeg}`;
    else none.textContent = shown.trouble;
    face.hidden = !shown.box;
    if (shown.box) frameFace(face, picture, shown);
  });

  const silence = document.getElementById("silence");
  document.body.addEventListener("htmx:sseError", () => { silence.hidden = false; });
  document.body.addEventListener("htmx:sseOpen", () => { silence.hidden = true; });

  async function post(path, fields) {
    const answer = await fetch(path, { method: "POST", headers: { "X-Screen": "1" }, body: new URLSearchParams(fields) });
    return answer.json();
  }

  document.body.addEventListener("pointerdown", (event) => {
    const grade = event.target.closest("[data-grade]");
    if (grade) rate(grade);
  });
  document.body.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) { openDialog(document.getElementById(opener.dataset.open)); return; }
    if (event.target.closest("[data-close]")) { event.target.closest("dialog").close(); return; }
    const key = event.target.closest("[data-key]");
    if (key) { press(key.dataset.key); return; }
    const grade = event.target.closest("[data-grade]");
    if (grade && event.detail === 0) rate(grade); // by keyboard
  });

  let rating = false;
  async function rate(button) {
    if (rating) return;
    rating = true;
    try { await post(`/evaluator/${document.querySelector("[data-window]").dataset.window}/press`, { grade: button.dataset.grade }); }
    finally { rating = false; }
  }

  const dialog = document.getElementById("pin-dialog");
  if (!dialog) return;
  const form = dialog.querySelector("form");
  const answer = dialog.querySelector("[data-pin-answer]");
  let field = form.elements.job_number;
  let idle;

  function openDialog(box) { form.reset(); answer.textContent = ""; box.showModal(); choose(form.elements.job_number); leaveLater(); }
  function choose(next) { field = next; field.focus(); }
  function leaveLater() { clearTimeout(idle); idle = setTimeout(() => dialog.close(), 30000); }
  form.querySelectorAll("[data-keyed]").forEach((input) => input.addEventListener("focus", () => { field = input; }));

  function press(key) {
    leaveLater();
    if (key === "back") field.value = field.value.slice(0, -1);
    else if (key === "next") { choose(field.name === "pin" ? form.elements.job_number : form.elements.pin); return; }
    else if (field.value.length < field.maxLength) field.value += key;
    field.focus();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    leaveLater();
    answer.textContent = "";
    try {
      const said = await post("/pin", new FormData(form));
      if (said.recorded) dialog.close();
      else { answer.textContent = said.message; form.elements.pin.value = ""; choose(form.elements.pin); }
    } catch { answer.textContent = "没有记上：屏幕与终端失去联系，请稍后再试"; }
  });
})();
