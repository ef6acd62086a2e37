// A run of TensorFlow.js. Each line in is a JSON list of a verb and its arguments, each line out the answer.
const home = [process.cwd(), ...(process.env.NODE_PATH || '').split(':')];
const load = (name) => require(require.resolve(name, { paths: home }));
const tf = load('@tensorflow/tfjs-core');
load('@tensorflow/tfjs-backend-cpu');

const tensor = ({ shape, values }) => tf.tensor(values, shape, 'float32');
let optimizer, variables;

const verbs = {
  make: (h, arrays) => {
    optimizer = tf.train.adamax(h.lr, h.beta1, h.beta2, h.eps);
    variables = Object.entries(arrays).map(([name, x]) => tf.variable(tensor(x), true, name));
  },
  step: (gradients) => {
    optimizer.applyGradients(Object.entries(gradients).map(([name, x]) => ({ name, tensor: tensor(x) })));
  },
  numbers: () => Object.fromEntries(variables.map((variable) => [variable.name, read(variable)])),
  take: () => take(optimizer),
  put: (state) => put(optimizer, state, variables.map((variable) => variable.name)),
};

async function main() {
  await tf.setBackend('cpu');
  for await (const line of require('readline').createInterface({ input: process.stdin })) {
    const [verb, ...rest] = JSON.parse(line);
    const answer = verbs[verb](...rest);
    console.log(JSON.stringify(answer === undefined ? null : answer));
  }
}

main();
