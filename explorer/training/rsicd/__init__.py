"""How the field scores text to satellite picture: the protocol of Txt2Img-MHN (Xu et al. 2023, arXiv
2208.04441) on RSICD (Lu et al. 2018, arXiv 1712.07835), as Text2Earth (Liu et al. 2025, arXiv 2501.00895)
follows it.

Ten pictures are painted to the first caption of each picture that is not of the training split. They are
compared with those real ones (FID), a classifier trained on them is tried on those (zero-shot accuracy), and
each is compared with its caption (CLIP score).
"""
