"""Run directories: what was chosen, what happened, whether it is alive. Nothing here imports TensorFlow or Gradio."""
