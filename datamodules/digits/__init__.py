"""Tasks with digits on canvases: MNIST (pairs, addition, translated, cluttered) and scikit-learn's digits."""
