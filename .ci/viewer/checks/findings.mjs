export async function checkFindings() {}
