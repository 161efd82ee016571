"""What every HTTP request passes before Gradio sees it, and what every answer passes on its way out."""
