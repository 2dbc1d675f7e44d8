"""Changes headers, paths, queries and bodies of requests and responses."""


def request(flow):
    request = flow.request
    print("ADDON", request.method, request.path, request.content, request.query.fields, flush=True)
    request.headers["x-colour"] = "red"
    request.headers.pop("x-secret", None)
    request.query["added"] = "yes"
    if request.method == "POST":
        request.text = request.text.upper() + " and more"
    if request.method == "PUT":
        request.method = "POST"


def response(flow):
    response = flow.response
    print("ADDON", response.status_code, response.text, flush=True)
    response.headers["x-answer"] = "blue"
    if response.status_code == 200:
        response.text = response.text.replace("hello", "good bye")
    if response.status_code == 404:
        response.status_code = 410
        response.content = b""
