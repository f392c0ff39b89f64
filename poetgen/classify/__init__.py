"""Tell labels apart: poets, forms, or the labels of any file."""
