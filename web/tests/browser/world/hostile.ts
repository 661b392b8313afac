// Names and values as somebody writes them who wants to do harm, or who merely has an unusual one. Whatever runs sets `harmed`.

const RUN = "window.harmed=1";

const MARKUP = [
  `<script>${RUN}</script>`,
  `</p><script>${RUN}</script>`,
  `<ScRiPt >${RUN}</sCrIpT>`,
  `<img src=x onerror="${RUN}">`,
  `<img src=x onerror=${RUN}//`,
  `<svg onload=${RUN}>`,
  `<svg><animate onbegin=${RUN} attributeName=x dur=1s>`,
  `<iframe srcdoc="<script>parent.harmed=1</script>"></iframe>`,
  `<iframe src="javascript:parent.harmed=1"></iframe>`,
  `<a href="javascript:${RUN}">click</a>`,
  `<body onload=${RUN}>`,
  `<details open ontoggle=${RUN}>`,
  `<input autofocus onfocus=${RUN}>`,
  `<video><source onerror="${RUN}"></video>`,
  `<math><mtext></mtext><mglyph><style><img src=x onerror=${RUN}></style>`,
  `<style>*{display:none}</style>`,
  `<base href="https://attacker.example/">`,
  `<meta http-equiv="refresh" content="0;url=javascript:${RUN}">`,
  `<form action="https://attacker.example"><button>Send`,
  `<!--<img src="--><img src=x onerror=${RUN}//">`,
  `<![CDATA[<script>${RUN}</script>]]>`,
  `" onmouseover="${RUN}" autofocus onfocus="${RUN}" x="`,
  `' onmouseover='${RUN}' x='`,
  "javascript:window.harmed=1",
  "data:text/html,<script>parent.harmed=1</script>",
];

const TEMPLATES = [
  "{{CUSTOMER_NAME}}",
  "{{AGENT_NAME}} {{ACCOUNT_NUMBER}}",
  "{{#if x}}{{/if}}{{{raw}}}",
  "${window.harmed=1}",
  "`${window.harmed=1}`",
  "{constructor.constructor('window.harmed=1')()}",
  "#{7*7} <%= 7*7 %> [[${7*7}]]",
  "$& $1 $$ $`",
  "%s %n %x %00",
  "{name} {count}",
  "__proto__",
];

const ENTITIES = [
  `&lt;script&gt;${RUN}&lt;/script&gt;`,
  "&#60;img src=x onerror=window.harmed=1&#62;",
  "&amp;lt;b&amp;gt;",
  "**bold** _it_ [link](javascript:window.harmed=1)",
  "![](https://attacker.example/x.png)",
  "'; DROP TABLE contacts; --",
  "\\u003cscript\\u003e \\x3c",
];

const LETTERS = [
  "\u202Egnp.exe\u202C Smith",
  "\u2066\u2067Ada\u2069\u2069",
  "Zero\u200Bwidth\u200D\u2060\uFEFFjoined",
  "Z\u0351\u036B\u0343\u0366a\u030A\u0360l\u0358\u0321g\u0334\u0321\u033Ao",
  "عبد الله <b>ماجد</b>",
  "👩‍👩‍👧‍👦🏳️‍🌈👍🏽",
  "Ω".repeat(100),
];

/** Fifty of them, none longer than names may be. */
export const HOSTILE: readonly string[] = [...MARKUP, ...TEMPLATES, ...ENTITIES, ...LETTERS];
