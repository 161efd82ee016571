"""How the page looks: colours, type and spacing, in light and dark, with nothing fetched from outside.

The same colours are given to style.css, the drawing and the curves as CSS variables (`--t-…`, in drawing/colours.css).
"""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from gradio.themes.utils.colors import Color

from transfer.drawing import styles

STYLES = [styles.COLOURS, Path(__file__).parent / "style.css", styles.RUN]

# A page of warm paper and one cool colour: the blue of deep ice, because freezing is what the app is about.
LAKE = Color(
    c50="#eef6fa", c100="#d8eaf3", c200="#b3d5e6", c300="#82b9d4", c400="#4f98bb", c500="#2b7a9f",
    c600="#1f6485", c700="#1b516c", c800="#1a4459", c900="#19394b", c950="#0f2532", name="lake",
)  # fmt: skip
PAPER = Color(
    c50="#faf8f5", c100="#f3f0eb", c200="#e6e1d9", c300="#d2cbc0", c400="#a49c90", c500="#777067",
    c600="#59534c", c700="#3f3b37", c800="#2a2826", c900="#1e1d1c", c950="#151514", name="paper",
)  # fmt: skip


def theme() -> gr.themes.Base:
    """The theme given to `launch`. Only fonts the reader's machine already has are named."""
    sans = ("ui-sans-serif", "system-ui", "Segoe UI", "Helvetica Neue", "Liberation Sans", "Arial", "sans-serif")
    mono = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "monospace")
    look = gr.themes.Base(
        primary_hue=LAKE,
        secondary_hue=LAKE,
        neutral_hue=PAPER,
        radius_size=gr.themes.sizes.radius_lg,
        spacing_size=gr.themes.sizes.spacing_lg,
        font=sans,
        font_mono=mono,
    )
    look.name = "transfer"
    return look.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_800",
        body_text_color_dark="*neutral_200",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        background_fill_primary="white",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_50",
        background_fill_secondary_dark="*neutral_900",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_width="1px",
        block_border_color="*neutral_200",
        block_border_color_dark="*neutral_800",
        block_shadow="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0px",
        block_label_text_color="*neutral_600",
        block_label_text_color_dark="*neutral_400",
        block_title_text_color="*neutral_800",
        block_title_text_color_dark="*neutral_200",
        block_title_text_weight="600",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_800",
        input_background_fill="*neutral_50",
        input_background_fill_dark="*neutral_950",
        input_border_width="1px",
        input_border_color="*neutral_200",
        input_border_color_dark="*neutral_700",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_500",
        button_primary_background_fill_hover_dark="*primary_400",
        button_primary_text_color="white",
        button_secondary_background_fill="white",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_background_fill_hover_dark="*neutral_700",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_700",
        button_border_width="1px",
        slider_color="*primary_500",
        slider_color_dark="*primary_400",
        checkbox_label_background_fill="*neutral_50",
        checkbox_label_background_fill_dark="*neutral_950",
        checkbox_background_color_selected="*primary_600",
        checkbox_border_color_selected="*primary_600",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
        color_accent_soft="*primary_50",
        color_accent_soft_dark="*neutral_800",
    )
