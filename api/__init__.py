"""The service: HTTP API, accounts, durable jobs. The only place that joins the inspection and the model.

app          create_app(): the application, its routers and its handlers
settings     every setting of the service, read once from the environment
access       who asks, what the role permits, which subtree it reaches
<domain>/    tables, service and endpoints of one domain: an endpoint parses, a service decides,
             a repository (here or in ``models``) holds the SQL
jobs/        the durable workflow from upload to published result; the only place that knows the engine
"""
