// Finds texts for people outside the catalogues, in the syntax tree of TypeScript's own compiler.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as ast from "typescript/unstable/ast";
import { API } from "typescript/unstable/sync";

// Attributes and properties that people read or hear.
const READ = new Set([
  "alt",
  "aria-description",
  "aria-label",
  "aria-placeholder",
  "aria-roledescription",
  "aria-valuetext",
  "ariaLabel",
  "description",
  "error",
  "label",
  "legend",
  "nothingFoundMessage",
  "placeholder",
  "question",
  "suffix",
  "prefix",
  "title",
  "yes",
]);

// Properties of DOM nodes whose value is shown, and functions that show theirs.
const SHOWN = new Set(["textContent", "innerText", "title", "placeholder", "ariaLabel", "alt"]);
const SHOWING = new Set(["alert", "confirm", "prompt", "createTextNode"]);

const hasWords = (text) => /\p{L}{2,}/u.test(text);

/** The texts in a file, each with its line. */
export function textsIn(file) {
  const found = [];
  const report = (node, text) => {
    if (!hasWords(text)) return;
    const line = file.text.slice(0, node.getStart(file)).split("\n").length;
    found.push({ line, text: text.trim().slice(0, 80) });
  };
  const visit = (node) => {
    // What is on a key is the same in every language.
    if (ast.isJsxElement(node) && nameOf(node.openingElement.tagName) === "Kbd") return;
    if (ast.isJsxText(node)) report(node, node.text);
    else if (ast.isJsxExpression(node) && isChild(node)) read(node.expression, report);
    else if (ast.isJsxAttribute(node) && READ.has(nameOf(node.name)) && node.initializer) read(node.initializer, report);
    else if (ast.isPropertyAssignment(node) && READ.has(nameOf(node.name))) readShown(node, report);
    else if (ast.isBinaryExpression(node) && isShown(node)) read(node.right, report);
    else if (ast.isCallExpression(node) && isShowing(node.expression)) node.arguments.forEach((each) => read(each, report));
    node.forEachChild(visit);
  };
  visit(file);
  return found;
}

/** Reports the literals that the value of an expression may be. */
function read(node, report) {
  if (!node) return;
  if (ast.isStringLiteral(node) || ast.isNoSubstitutionTemplateLiteral(node)) return report(node, node.text);
  if (ast.isTemplateExpression(node)) {
    report(node, [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join(" "));
    node.templateSpans.forEach(({ expression }) => read(expression, report));
  } else if (ast.isConditionalExpression(node)) {
    read(node.whenTrue, report);
    read(node.whenFalse, report);
  } else if (ast.isBinaryExpression(node) && joins(node)) {
    read(node.left, report);
    read(node.right, report);
  } else if (ast.isParenthesizedExpression(node) || ast.isJsxExpression(node)) read(node.expression, report);
}

// `title: "section.users"` names a key of a catalogue; whether there is one, the type checker knows.
function readShown(node, report) {
  read(node.initializer, (literal, text) => {
    if (!/^[a-z][\w-]*(\.[\w-]+)*$/.test(text)) report(literal, text);
  });
}

const JOINING = new Set([
  ast.SyntaxKind.PlusToken,
  ast.SyntaxKind.BarBarToken,
  ast.SyntaxKind.QuestionQuestionToken,
  ast.SyntaxKind.AmpersandAmpersandToken,
]);

const joins = ({ operatorToken }) => JOINING.has(operatorToken.kind);

const isChild = ({ parent }) => ast.isJsxElement(parent) || ast.isJsxFragment(parent);

const nameOf = (name) => name?.text ?? "";

function isShown({ left, operatorToken }) {
  return operatorToken.kind === ast.SyntaxKind.EqualsToken && ast.isPropertyAccessExpression(left) && SHOWN.has(left.name.text);
}

function isShowing(callee) {
  if (ast.isIdentifier(callee)) return SHOWING.has(callee.text);
  return ast.isPropertyAccessExpression(callee) && SHOWING.has(callee.name.text);
}

/** The texts in all files of a project that `isWanted` names, as `path:line: text`. */
export function textsOf(project, isWanted) {
  const api = new API({ cwd: fileURLToPath(new URL(".", project)) });
  try {
    const config = fileURLToPath(project);
    const program = api.updateSnapshot({ openProjects: [config] }).getProject(config).program;
    const names = program.getSourceFileNames().filter(isWanted);
    const found = names.flatMap((name) => textsIn(program.getSourceFile(name)).map(({ line, text }) => `${name}:${line}: ${text}`));
    return { files: names.length, found };
  } finally {
    api.close();
  }
}

/** Whether a file of the pages may not have texts: everything but catalogues and generated code. */
export function isPage(path) {
  return /\/src\/.*\.tsx?$/.test(path) && !/\/src\/gen\/|\/node_modules\/|\/i18n\/[\w.]+\.(en|de)\.ts$/.test(path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { files, found } = textsOf(new URL("../tsconfig.json", import.meta.url), isPage);
  const sources = readdirSync(new URL("../src", import.meta.url), { recursive: true }).filter((name) => isPage(`/src/${name}`));
  console.log(`texts outside the catalogues: ${found.length} in ${files} files`);
  for (const each of found) console.error(each);
  if (found.length > 0 || files < sources.length) process.exit(1);
}
