// A picture of handwritten work beside the editor: dropped, pasted or taken, and looked at closely. It stays here.

import { announce } from "./controls.ts";
import { fill, h } from "./nodes.ts";

const LARGEST_BYTES = 30e6;
const KINDS = /^image\/(png|jpeg|webp|gif|bmp|avif)$/;

export function pictures(box: HTMLElement): void {
  const input = box.querySelector<HTMLInputElement>("input[type=file]")!;
  const stand = box.querySelector<HTMLElement>(".stand")!;
  let address = "";
  let zoom = 1;
  let turn = 0;

  input.addEventListener("change", () => take(input.files?.[0]));
  for (const kind of ["dragover", "dragenter"])
    box.addEventListener(kind, (event) => {
      event.preventDefault();
      box.classList.add("over");
    });
  box.addEventListener("dragleave", () => box.classList.remove("over"));
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    box.classList.remove("over");
    take((event as DragEvent).dataTransfer?.files[0]);
  });
  document.addEventListener("paste", (event) => {
    if (document.body.dataset.tab !== "check") return;
    const file = [...(event.clipboardData?.files ?? [])].find((one) => KINDS.test(one.type));
    if (!file) return;
    event.preventDefault();
    take(file);
  });

  function take(file: File | undefined): void {
    if (!file) return;
    if (!KINDS.test(file.type) || file.size > LARGEST_BYTES) {
      announce("That is no picture this page can show (PNG, JPEG, WebP, up to 30 MB).");
      return;
    }
    if (address) URL.revokeObjectURL(address);
    address = URL.createObjectURL(file);
    zoom = 1;
    turn = 0;
    draw(file.name);
  }

  function draw(name: string): void {
    const image = h("img", { src: address, alt: `picture ${name}, to read the lines from`, draggable: "false" });
    fill(
      stand,
      h(
        "div",
        { class: "buttons" },
        h("button", { class: "button", type: "button", "aria-label": "smaller", click: () => scale(1 / 1.25) }, "−"),
        h("button", { class: "button", type: "button", "aria-label": "larger", click: () => scale(1.25) }, "+"),
        h("button", { class: "button", type: "button", click: () => rotate() }, "Turn"),
        h("button", { class: "button", type: "button", click: () => clear() }, "Remove"),
      ),
      h("div", { class: "frame", tabindex: "0", role: "group", "aria-label": "the picture; scroll to move, plus and minus to zoom", keydown: (event) => keyed(event as KeyboardEvent) }, image),
    );
    const frame = stand.querySelector<HTMLElement>(".frame")!;
    drag(frame);
    frame.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      scale(event.deltaY < 0 ? 1.1 : 1 / 1.1);
    }, { passive: false });
    scale(1);
  }

  function scale(by: number): void {
    zoom = Math.min(8, Math.max(0.5, zoom * by));
    const image = stand.querySelector("img");
    if (image) image.style.width = `${100 * zoom}%`;
  }

  function rotate(): void {
    turn = (turn + 90) % 360;
    const image = stand.querySelector("img");
    if (image) image.style.transform = `rotate(${turn}deg)`;
  }

  function keyed(event: KeyboardEvent): void {
    if (event.key === "+" || event.key === "=") scale(1.25);
    else if (event.key === "-") scale(1 / 1.25);
  }

  function clear(): void {
    URL.revokeObjectURL(address);
    address = "";
    input.value = "";
    fill(stand);
  }
}

function drag(frame: HTMLElement): void {
  let from: { x: number; y: number; left: number; top: number } | null = null;
  frame.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch") return;
    from = { x: event.clientX, y: event.clientY, left: frame.scrollLeft, top: frame.scrollTop };
    frame.setPointerCapture(event.pointerId);
  });
  frame.addEventListener("pointermove", (event) => {
    if (!from) return;
    frame.scrollLeft = from.left - (event.clientX - from.x);
    frame.scrollTop = from.top - (event.clientY - from.y);
  });
  frame.addEventListener("pointerup", () => (from = null));
}
