"""The wire of the Centrifugo v6 client protocol, sans-I/O: messages, codecs, codes, names, patches.

Import what you need from its module: ``messages``, ``json_codec``, ``protobuf_codec``, ``codes``,
``channel``, ``tags_filter``, ``delta``, ``dialect``, ``errors``. Nothing is loaded before that.
"""
