/* The page: photos come in by a drop, a paste, the file chooser or the camera; the answer goes out as bars.
 * MODEL is in model.js: name, labels, size, tolerance, checks and the network's file. */
"use strict";

const TOP = 3; // classes that are shown at once
const SURE = 0.5; // below, the answer is called a guess
const at = (id) => document.getElementById(id);
let network = null;
let stream = null; // of the camera
let back = true; // whether it is the one that looks away from the person
let asked = 0; // counts what was asked, so that a late answer does not replace a newer one

function percent(share) {
  return `${(100 * share).toFixed(share > 0.995 || share < 0.005 ? 1 : 0)} %`;
}

function bar([label, share]) {
  const [line, name, number, fill] = ["li", "span", "span", "i"].map((kind) => document.createElement(kind));
  name.textContent = label;
  number.textContent = percent(share);
  fill.style.setProperty("--share", share);
  line.append(name, number, fill);
  return line;
}

function show(probabilities, live) {
  const all = MODEL.labels.map((label, index) => [label, probabilities[index]]).sort((a, b) => b[1] - a[1]);
  const [label, share] = all[0];
  // 9 of 10 times the right class is among those that are as likely as this (split conformal sets).
  const possible = all.filter(([, other], place) => !place || other >= (MODEL.least ?? 2)).map(([name]) => name);
  if (possible.length === 2 || possible.length === 3) say(possible.join(" or "), false, live);
  else say(share < SURE ? `Not sure; perhaps ${label}` : label, false, live);
  at("bars").replaceChildren(...all.slice(0, TOP).map(bar));
  at("all").replaceChildren(...all.map(bar));
  at("rest").hidden = all.length <= TOP;
}

/** Live answers are read out only when they change, or a screen reader would never be quiet. */
function say(words, trouble = false, live = false) {
  if (live && at("said").textContent === words) return;
  at("said").textContent = words;
  at("said").classList.toggle("trouble", trouble);
  if (trouble) at("bars").replaceChildren();
  if (trouble) at("rest").hidden = true;
}

function stage(element) {
  for (const id of ["shown", "video", "hint"]) at(id).hidden = at(id) !== element;
  at("stage").classList.add("full");
}

async function classify(file) {
  if (!network || !file) return;
  stopCamera();
  const turn = (asked += 1);
  URL.revokeObjectURL(at("shown").src);
  at("shown").src = URL.createObjectURL(file);
  at("shown").alt = file.name ? `Your photo, ${file.name}` : "Your photo";
  stage(at("shown"));
  at("bars").replaceChildren();
  say("Looking …");
  await new Promise((done) => setTimeout(done, 30)); // for the browser to draw
  try {
    const found = await network.probabilities(await photoOfFile(file, MODEL.size));
    if (turn === asked) show(found, false);
  } catch (error) {
    if (turn === asked) say(error.message, true);
  }
}

async function startCamera() {
  const turn = (asked += 1);
  if (!navigator.mediaDevices) {
    say("A browser gives a page the camera only over https, or from this same device. Choose a photo instead: " +
        "on a phone the file chooser offers the camera.", true);
    return;
  }
  try {
    const wanted = { facingMode: back ? "environment" : "user", width: { ideal: 1280 } };
    const opened = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    if (turn !== asked) return opened.getTracks().forEach((track) => track.stop());
    stream = opened;
    at("video").srcObject = stream;
    await at("video").play();
  } catch (error) {
    const refused = error.name === "NotAllowedError";
    say(refused ? "The camera was not allowed. Allow it in the browser's address bar, or choose a photo."
                : "No camera was found that can be used. Choose a photo instead.", true);
    stopCamera();
    return;
  }
  stage(at("video"));
  at("camera").textContent = "Stop the camera";
  const cameras = (await navigator.mediaDevices.enumerateDevices()).filter((device) => device.kind === "videoinput");
  at("other").hidden = cameras.length < 2;
  watch(turn);
}

/** One picture after the other, for as long as the camera runs; between them the page breathes. */
async function watch(turn) {
  const video = at("video");
  while (stream && turn === asked) {
    try {
      const found = await network.probabilities(
        photoOfSource(video, video.videoWidth, video.videoHeight, MODEL.size));
      if (turn === asked) show(found, true);
    } catch (error) {
      say(error.message, true);
      stopCamera();
    }
    await new Promise((done) => setTimeout(done, 60));
  }
}

function stopCamera() {
  if (stream) for (const track of stream.getTracks()) track.stop();
  stream = null;
  at("video").srcObject = null;
  at("camera").textContent = "Use the camera";
  at("other").hidden = true;
}

/** The app answered for a few drawn pictures when it made this page; does this browser say the same? */
async function check() {
  let worst = 0;
  for (const { seed, width, height, probabilities } of MODEL.checks) {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height];
    canvas.getContext("2d").putImageData(drawn(seed, width, height), 0, 0);
    const found = await network.probabilities(photoOfSource(canvas, width, height, MODEL.size));
    probabilities.forEach((share, index) => { worst = Math.max(worst, Math.abs(share - found[index])); });
  }
  const good = worst <= MODEL.tolerance;
  document.body.dataset.worst = worst;
  at("check").className = good ? "good" : "bad";
  at("check").textContent = good
    ? `Checked: this browser says what the app says (largest difference ${worst.toFixed(6)}).`
    : `This browser does not say what the app says (difference ${worst.toFixed(3)}). Some change the pixels that a ` +
      "page reads, against tracking: allow them here, or use another browser.";
}

/** A picture of waves, in whole numbers, so that every machine draws the same; as web_page.py of the app does. */
function drawn(seed, width, height) {
  const picture = new ImageData(width, height);
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, at += 4) {
      for (let channel = 0; channel < 3; channel += 1) {
        const wave = x * (channel + 1 + seed) + y * (3 * seed + 2 - channel) + Math.floor((x * y) / (37 + seed));
        picture.data[at + channel] = Math.abs((wave % 511) - 255);
      }
      picture.data[at + 3] = 255;
    }
  }
  return picture;
}

async function begin() {
  document.title = MODEL.name;
  at("title").textContent = MODEL.name;
  const few = MODEL.labels.length <= 6 ? MODEL.labels.join(", ") : `one of ${MODEL.labels.length} classes`;
  at("about").textContent = `What is on the photo: ${few}?`;
  try {
    network = await loadNetwork(MODEL.network, MODEL.size);
    await check();
  } catch (error) {
    at("check").className = "bad";
    at("check").textContent = `The network cannot run in this browser: ${error.message || error}. Try a newer one.`;
    return;
  }
  at("choose").disabled = at("camera").disabled = false;
}

at("choose").addEventListener("click", () => at("file").click());
at("file").addEventListener("change", () => {
  classify(at("file").files[0]);
  at("file").value = ""; // so that the same photo can be chosen again
});
at("camera").addEventListener("click", () => (stream ? stopCamera() : startCamera()));
at("other").addEventListener("click", () => {
  back = !back;
  stopCamera();
  startCamera();
});
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    at("drop").classList.toggle("over", kind === "dragenter" || kind === "dragover");
    if (kind === "drop") classify(event.dataTransfer.files[0]);
  });
}
document.addEventListener("paste", (event) => classify(event.clipboardData.files[0]));
document.addEventListener("visibilitychange", () => document.hidden && stopCamera());
begin();
