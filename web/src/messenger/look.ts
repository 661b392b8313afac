// How the button and the panel look. They live in a shadow root: the web site's styles do not reach them, nor theirs it.

export const LOOK = `
:host { all: initial; }
button, .panel { position: fixed; z-index: 2147483000; inset-inline-end: 20px; font: 16px system-ui, sans-serif; }
:host([data-side="left"]) button, :host([data-side="left"]) .panel { inset-inline: 20px auto; }
button { bottom: 20px; width: 60px; height: 60px; border: 0; border-radius: 50%; background: var(--colour, #0b5c6b);
  color: #fff; cursor: pointer; box-shadow: 0 4px 14px rgb(0 0 0 / 30%); display: grid; place-items: center; }
button:focus-visible { outline: 3px solid #fff; outline-offset: -6px; box-shadow: 0 0 0 4px #c2560a; }
svg { width: 28px; height: 28px; fill: none; stroke: currentcolor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
[hidden] { display: none !important; }
.unread { position: absolute; top: -4px; inset-inline-end: -4px; min-width: 24px; padding: 0 6px; border-radius: 12px; box-sizing: border-box;
  background: #b3261e; color: #fff; font-size: 14px; line-height: 24px; text-align: center; }
.panel { bottom: 92px; width: min(400px, calc(100vw - 40px)); height: min(640px, calc(100dvh - 112px)); border-radius: 14px;
  overflow: hidden; background: #fff; box-shadow: 0 10px 40px rgb(0 0 0 / 35%); }
.panel p { margin: 0; padding: 24px; color: #14262b; }
iframe { width: 100%; height: 100%; border: 0; display: block; }
@media (max-width: 480px) {
  .panel, :host([data-side="left"]) .panel { inset: 0; width: 100vw; height: 100dvh; border-radius: 0; }
  .panel:not([hidden]) ~ button { display: none; }
}
`;

/** A speech bubble, and a cross while the panel is open. */
export const BUBBLE = "M21 11.5a8.4 8.4 0 0 1-9 8.4 9.5 9.5 0 0 1-3.6-.7L3 21l1.8-4.9A8.2 8.2 0 0 1 3 11.5 8.7 8.7 0 0 1 12 3a8.7 8.7 0 0 1 9 8.5z";
export const CROSS = "M6 6l12 12M18 6L6 18";
