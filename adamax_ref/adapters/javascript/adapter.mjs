// Lets the Adamax in adamax.mjs answer the questions of `adamax-ref verify`: one JSON object a line in, one a line out.
//
//   adamax-ref verify --dialect torch -- node adapter.mjs
import { createInterface } from "node:readline";
import { about, step } from "./adamax.mjs";
import { refused } from "./hyper.mjs";

const types = {
  f32: { digits: 8, size: 4, get: "getFloat32", set: "setFloat32" },
  f64: { digits: 16, size: 8, get: "getFloat64", set: "setFloat64" },
};

class Refused extends Error {}

// The numbers in a string of bit patterns with one blank between them.
function numbers(text, profile, count) {
  const { digits, size, get } = types[profile];
  const words = text === "" ? [] : text.split(" ");
  if (words.length !== count) throw new Refused(`${words.length} numbers where ${count} are due`);
  if (!words.every((word) => word.length === digits && /^[0-9a-f]*$/.test(word))) throw new Refused("a number is malformed");
  const view = new DataView(Uint8Array.from(words.join("").match(/../g) ?? [], (pair) => parseInt(pair, 16)).buffer);
  return words.map((_, at) => view[get](at * size));
}

function patterns(values, profile) {
  const { size, set } = types[profile];
  const bytes = new Uint8Array(size), view = new DataView(bytes.buffer);
  const shown = (value) => (view[set](0, value), Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""));
  return values.map(shown).join(" ");
}

const scalar = (number) => numbers(number.f64, "f64", 1)[0];

function checked(h) {
  const why = refused(h);
  if (why !== null) throw new Refused(why);
  return h;
}

function run({ profile, shape, hyper, init, steps, report }) {
  const count = shape.reduce((product, size) => product * size, 1);
  const array = (text) => numbers(text, profile, count);
  const state = { theta: array(init.theta), m: array(init.m), u: array(init.u), t: init.t };
  if (state.t < 0) throw new Refused("t is negative");
  const names = ["lr", "beta1", "beta2", "eps", "weight_decay"];
  const h = { maximize: hyper.maximize, ...Object.fromEntries(names.map((name) => [name, scalar(hyper[name])])) };
  const answer = [];
  steps.forEach((each, at) => {
    const now = checked(each.lr ? { ...h, lr: scalar(each.lr) } : h);
    if (!each.skip) step(state, array(each.grad), now, profile);
    if (!report.includes(at + 1)) return;
    const [theta, m, u] = [state.theta, state.m, state.u].map((values) => patterns(values, profile));
    answer.push({ step: at + 1, t: state.t, theta, m, u });
  });
  return answer;
}

function answered(question) {
  if (question.cmd === "hello") {
    const exposes = ["theta", "m", "u", "t"];
    return { axp: 1, language: "javascript", profiles: Object.keys(types), declares: [], exposes, ...about };
  }
  try {
    return { id: question.id, steps: run(question) };
  } catch (error) {
    const way = error instanceof Refused ? "refused" : "error";
    return { id: question.id, [way]: { message: String(error.message) } };
  }
}

createInterface({ input: process.stdin, crlfDelay: Infinity }).on("line", (line) => {
  process.stdout.write(`${JSON.stringify(answered(JSON.parse(line)))}\n`);
});
