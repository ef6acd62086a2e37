// Runs tf.train.adamax of TensorFlow.js on its CPU backend. Each line in is a JSON object, each line out an array of
// [p, m, u]; numbers travel as the bit patterns of binary32, because JSON has no infinities and no NaN.
const home = [process.cwd(), __dirname, ...(process.env.NODE_PATH || '').split(':')];
const load = (name) => require(require.resolve(name, { paths: home }));
const tf = load('@tensorflow/tfjs-core');
load('@tensorflow/tfjs-backend-cpu');

const floats = (bits) => new Float32Array(new Uint32Array(bits).buffer);
const bits = (variable) => Array.from(new Uint32Array(variable.dataSync().slice().buffer));
const variable = (pattern, name) => tf.variable(tf.tensor1d(floats(pattern)), true, name);

let optimizer, p, m, u;

function begin(given) {
  optimizer = tf.train.adamax(given.lr, given.beta1, given.beta2, given.eps);
  [p, m, u] = [variable(given.p, 'p'), variable(given.m, 'm'), variable(given.u, 'u')];
  optimizer.accumulatedFirstMoment = [{ originalName: 'p/m', variable: m }];
  optimizer.accumulatedWeightedInfNorm = [{ originalName: 'p/v', variable: u }];
  for (let t = 0; t < given.t; t++) {
    // what applyGradients does to its two counters
    optimizer.iteration.assign(tf.add(optimizer.iteration, 1));
    optimizer.accBeta1.assign(tf.mul(optimizer.accBeta1, optimizer.beta1));
  }
}

function step(given) {
  optimizer.learningRate = given.lr;
  optimizer.applyGradients([{ name: 'p', tensor: tf.tensor1d(floats(given.g)) }]);
}

async function main() {
  await tf.setBackend('cpu');
  for await (const line of require('readline').createInterface({ input: process.stdin })) {
    const given = JSON.parse(line);
    tf.tidy(() => (given.p ? begin(given) : step(given)));
    console.log(JSON.stringify([bits(p), bits(m), bits(u)]));
  }
}

if (process.argv[2] === '--version') console.log(tf.version_core);
else main();
