// An image classifier made with Transfer: full-integer TensorFlow Lite for Microcontrollers.
// Give it uint8 RGB, kImageSize x kImageSize pixels, row by row; it gives a uint8 for each label, 255 for certain.
#pragma once

constexpr int kImageSize = @SIZE@;
constexpr int kClasses = @CLASSES@;
// Memory for what lies between the layers, reckoned with a fifth to spare; the interpreter says when it is too little.
constexpr int kArenaBytes = @ARENA@;

const char* const kLabels[kClasses] = {@LABELS@};

constexpr unsigned int kModelBytes = @BYTES@;
alignas(16) const unsigned char kModel[kModelBytes] = {
@MODEL@
};
