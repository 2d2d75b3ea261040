"""Telling other systems and people what happened: signed webhooks, WeCom and DingTalk robots, e-mail.

tables      subscriptions, and the log of deliveries, which is also the queue
events      what happened, read from the tables that hold the truth: nothing is lost while no worker runs
addresses   which addresses may be asked (SSRF)
channels    how each channel is spoken to
messenger   the loop in the worker: find events, deliver, try again later
service     subscriptions;  endpoints   the routes

A webhook is a POST of JSON with the headers ``X-Huijian-Event``, ``X-Huijian-Delivery`` (the same when it is
tried again: receivers tell repeats by it), ``X-Huijian-Timestamp`` (seconds) and ``X-Huijian-Signature``:
``v1=`` and the hexadecimal HMAC-SHA256, keyed with the secret, over timestamp, a full stop, and the body.
Receivers compare in constant time and refuse a timestamp more than five minutes off.
"""
