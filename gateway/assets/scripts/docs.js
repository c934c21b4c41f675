// Shows the API's description on /docs, with what the Swagger UI bundle brings.
window.addEventListener("DOMContentLoaded", () => {
  window.SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#docs",
    deepLinking: true,
    // The validator's badge would send the document to another site.
    validatorUrl: null,
  });
});
