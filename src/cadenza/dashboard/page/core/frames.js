// Drawing at most once a frame: whoever has news asks for a frame and is drawn in the next one.

const waiting = new Set();
let isAsked = false;

function draw() {
  isAsked = false;
  const due = [...waiting];
  waiting.clear();
  for (const view of due) view();
}

/** Has a function called in the next frame, once however often it is asked for. */
export function nextFrame(view) {
  waiting.add(view);
  if (isAsked) return;
  isAsked = true;
  requestAnimationFrame(draw);
}
