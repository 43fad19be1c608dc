// Tells the server which time zone the browser lives in.
const field = document.querySelector("input[name=timezone]");
if (field && !field.value) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
