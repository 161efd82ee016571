// Says what is on a picture. For boards with the library "Chirale_TensorFlowLite" (Library Manager), such as the
// ESP32-S3 with PSRAM, Arduino Portenta H7 or Nano 33 BLE; on others the includes have other names.
//
// It takes pictures over the serial port, kImageSize * kImageSize * 3 bytes of RGB each, and answers with a line. With a
// camera on the board, put its pixels, squashed to that size, there instead.

#include <Chirale_TensorFlowLite.h>
#include "tensorflow/lite/micro/all_ops_resolver.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/schema/schema_generated.h"

#include "model.h"

constexpr int kPixelBytes = kImageSize * kImageSize * 3;

tflite::AllOpsResolver operations;
tflite::MicroInterpreter* interpreter = nullptr;

// Where the pixels go, kPixelBytes of them; they are gone after classify().
uint8_t* pixels() { return interpreter->input(0)->data.uint8; }

// Writes how sure it is of each label, 0 to 1, and returns the place of the likeliest; -1 when it cannot tell.
int classify(float* shares) {
  if (interpreter->Invoke() != kTfLiteOk) return -1;
  int best = 0;
  for (int i = 0; i < kClasses; i++) {
    shares[i] = interpreter->output(0)->data.uint8[i] / 255.0f;
    if (shares[i] > shares[best]) best = i;
  }
  return best;
}

void setup() {
  Serial.begin(115200);
  while (!Serial) delay(10);
#if defined(ESP32)
  uint8_t* arena = static_cast<uint8_t*>(ps_malloc(kArenaBytes));
#else
  uint8_t* arena = static_cast<uint8_t*>(malloc(kArenaBytes));
#endif
  if (arena == nullptr) {
    Serial.println("There is not enough memory for this network on this board.");
    while (true) delay(1000);
  }
  static tflite::MicroInterpreter made(tflite::GetModel(kModel), operations, arena, kArenaBytes);
  interpreter = &made;
  if (interpreter->AllocateTensors() != kTfLiteOk) {
    Serial.println("kArenaBytes is too small for this network.");
    while (true) delay(1000);
  }
  Serial.println("ready");
}

void loop() {
  static int filled = 0;
  while (Serial.available() && filled < kPixelBytes) pixels()[filled++] = Serial.read();
  if (filled < kPixelBytes) return;
  filled = 0;
  float shares[kClasses];
  int best = classify(shares);
  if (best < 0) {
    Serial.println("The network could not run.");
    return;
  }
  Serial.print(kLabels[best]);
  Serial.print(" ");
  Serial.println(shares[best], 3);
}
