/* The network of model.js, run by LiteRT (litert.js, litert_wasm.js) on this machine. Nothing is fetched, so that the
 * page also works when its file is simply opened. */
"use strict";

const FLOAT32 = { value: 1 };

function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

async function unzipped(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** An object with `probabilities(pixels)`: Uint8Array (size * size * 3) -> Float32Array, one a class. */
async function loadNetwork(model, size) {
  const wasm = await ModuleFactory({ wasmBinary: await unzipped(bytesOf(LITERT_WASM)), print() {}, printErr() {} });
  const file = bytesOf(model);
  const place = wasm._malloc(file.length);
  wasm.HEAPU8.set(file, place);
  const environment = wasm.LiteRtEnvironment.create(null);
  const loaded = wasm.loadModel(environment, place, file.length);
  const options = { environment, accelerator: "wasm", cpuOptions: { numThreads: 1 }, gpuOptions: {}, webNNOptions: {} };
  const compiled = await wasm.compileModel(environment, loaded, options);

  const shape = new wasm.VectorInt32();
  for (const side of [1, size, size, 3]) shape.push_back(side);
  const kind = wasm.LiteRtRankedTensorType.create(FLOAT32, wasm.LiteRtLayout.create(shape));
  const input = wasm.LiteRtTensorBuffer.createManaged(
    environment, wasm.LiteRtTensorBufferType.HOST_MEMORY, kind, size * size * 3 * 4,
  );

  async function probabilities(pixels) {
    const target = input.lock(wasm.LiteRtTensorBufferLockMode.WRITE);
    new Float32Array(wasm.HEAPU8.buffer, target, pixels.length).set(pixels);
    input.unlock();
    const [output] = await compiled.run(0, [input]);
    const source = output.lock(wasm.LiteRtTensorBufferLockMode.READ);
    const found = new Float32Array(wasm.HEAPU8.slice(source, source + output.packedSize()).buffer);
    output.unlock();
    output.delete();
    return found;
  }
  return { probabilities };
}
