"""mitmproxy inside wsproxy: its addons, its options, its flows. Nothing else imports mitmproxy.

It is imported only when an addon, a flow file or an option of mitmproxy's is asked for.
"""
