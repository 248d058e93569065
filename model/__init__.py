"""The unified model; with bench the only room that imports torch.

Knows images, words and concept tokens. Does not know users, files of users, tools or pages.
Empty on purpose, so that `omnipersona.model.contract` costs no torch.
"""
